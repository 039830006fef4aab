#include "io/motion_jpeg.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <turbojpeg.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "io/picture.hpp"
#include "support/temporary_folder.hpp"
#include "vision/test_picture.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using std::string_literals::operator""s;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kEndOfImage = "\xFF\xD9";

std::string jpeg(int rows, int cols, int flags = 0) {
  const Picture picture = test_picture(rows, cols);
  tjhandle codec = tjInitCompress();
  unsigned char* data = nullptr;
  unsigned long size = 0;
  EXPECT_EQ(tjCompress2(codec, picture.rgb.data(), cols, 0, rows, TJPF_RGB, &data, &size,
                        TJSAMP_420, 90, flags),
            0);
  std::string file(reinterpret_cast<const char*>(data), size);
  tjFree(data);
  tjDestroy(codec);
  return file;
}

std::string jpeg_with_restarts() {
  ::setenv("TJ_RESTART", "1B", 1);  // after every block
  std::string file = jpeg(48, 64);
  ::unsetenv("TJ_RESTART");
  EXPECT_TRUE(file.find("\xFF\xD0") != std::string::npos) << "no restart marker";
  return file;
}

/// A marker segment with its length.
std::string segment(char code, const std::string& content) {
  const std::size_t length = content.size() + 2;
  return "\xFF"s + code + static_cast<char>(length >> 8U) + static_cast<char>(length & 0xFFU) +
         content;
}

/// The picture with something put behind its SOI.
std::string with_front(const std::string& picture, const std::string& inserted) {
  return picture.substr(0, 2) + inserted + picture.substr(2);
}

/// Gives at most so many bytes at a time, as a pipe does.
ByteSource source_of(std::string content, std::size_t most = std::string::npos) {
  return [content = std::move(content), most,
          given = std::size_t{0}](std::span<std::byte> block) mutable {
    const std::size_t count = std::min({most, block.size(), content.size() - given});
    const auto bytes = std::as_bytes(std::span(content)).subspan(given, count);
    std::copy(bytes.begin(), bytes.end(), block.begin());
    given += count;
    return count;
  };
}

std::string text_of(const CodedPicture& picture) {
  return {reinterpret_cast<const char*>(picture.bytes.data()), picture.bytes.size()};
}

/// All that a stream holds.
struct Contents {
  std::vector<std::string> pictures;
  std::vector<std::size_t> numbers;
  std::vector<std::uint64_t> offsets;
  std::vector<std::string> complaints;
};

Contents read_all(ByteSource source) {
  MotionJpeg stream(std::move(source), "the stream", "cam");
  Contents contents;
  while (true) {
    try {
      const std::optional<CodedPicture> picture = stream.next();
      if (!picture) return contents;
      contents.pictures.push_back(text_of(*picture));
      contents.numbers.push_back(picture->number);
      contents.offsets.push_back(picture->offset);
    } catch (const BadInput& error) {
      contents.complaints.emplace_back(error.what());
    }
  }
}

void expect_divided(const std::vector<std::string>& pictures) {
  std::string stream;
  std::vector<std::uint64_t> offsets;
  for (const std::string& picture : pictures) {
    offsets.push_back(stream.size());
    stream += picture;
  }
  for (const std::size_t most : {std::size_t{1}, std::size_t{1000}, std::string::npos}) {
    const Contents contents = read_all(source_of(stream, most));
    EXPECT_EQ(contents.pictures, pictures);
    EXPECT_EQ(contents.offsets, offsets);
    EXPECT_THAT(contents.complaints, IsEmpty());
  }
}

TEST(MotionJpeg, DividesPicturesOfEveryKind) {
  const std::string progressive = jpeg(40, 56, TJFLAG_PROGRESSIVE);
  const std::string restarts = jpeg_with_restarts();
  const std::string large = jpeg(500, 700);
  EXPECT_GT(large.size(), std::size_t{1} << 16U) << "not more than a block";
  EXPECT_NE(large.find("\xFF\0"s), std::string::npos) << "no stuffed byte";
  std::size_t scans = 0;
  for (auto at = progressive.find("\xFF\xDA"); at != std::string::npos;
       at = progressive.find("\xFF\xDA", at + 1)) {
    ++scans;
  }
  EXPECT_GT(scans, 3U);
  expect_divided({jpeg(8, 8), progressive, restarts, large, jpeg(16, 24)});
}

TEST(MotionJpeg, WhatLiesInASegmentIsNoBoundary) {
  const std::string picture = jpeg(24, 32);
  const std::string thumbnail = segment('\xE1', "Exif\0\0"s + jpeg(8, 8));
  const std::string end = segment('\xFE', std::string(kEndOfImage));
  const std::string start = segment('\xED', "\xFF\xD8\xFF\xD8\xFF"s);
  expect_divided({with_front(picture, thumbnail), with_front(picture, end + start),
                  with_front(picture, segment('\xEF', "")), picture});
}

TEST(MotionJpeg, FillBytesMayPrecedeMarkers) {
  const std::string picture = jpeg(24, 32);
  const std::string body = picture.substr(0, picture.size() - 2);
  expect_divided({with_front(picture, "\xFF\xFF\xFF"), body + "\xFF\xFF\xFF\xD9", picture});
}

TEST(MotionJpeg, SkipsWhatLiesBetweenPictures) {
  const std::string first = jpeg(24, 32);
  const std::string second = jpeg(16, 16);
  const std::string header = "\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n";
  const std::string zeros(200'000, '\0');
  const std::string stream = header + first + zeros + "\xFF\xD8\xD8" + second + "\xFF\xD9\xFF\xD8";
  for (const std::size_t most : {std::size_t{1}, std::string::npos}) {
    const Contents contents = read_all(source_of(stream, most));
    EXPECT_THAT(contents.pictures, ElementsAre(first, second));
    EXPECT_THAT(contents.offsets,
                ElementsAre(header.size(), header.size() + first.size() + zeros.size() + 3));
    EXPECT_THAT(contents.complaints, IsEmpty());
  }
}

TEST(MotionJpeg, GivesAPictureWhenItsLastByteIsThere) {
  const std::string picture = jpeg(24, 32);
  auto given = std::make_shared<std::size_t>(0);
  MotionJpeg stream(
      [inner = source_of(picture + picture, 1), given](std::span<std::byte> block) mutable {
        ++*given;
        return inner(block);
      },
      "the stream", "cam");
  ASSERT_TRUE(stream.next());
  EXPECT_EQ(*given, picture.size());
  EXPECT_FALSE(stream.ended());
  ASSERT_TRUE(stream.next());
  EXPECT_FALSE(stream.next());
  EXPECT_TRUE(stream.ended());
  EXPECT_EQ(stream.begun(), 2U);
}

TEST(MotionJpeg, CutAnywhereTheCompletePicturesRemain) {
  const std::string first = with_front(jpeg(8, 8), segment('\xE1', jpeg(8, 8)));
  const std::string second = jpeg(8, 16, TJFLAG_PROGRESSIVE);
  const std::string whole = first + second;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Contents contents = read_all(source_of(whole.substr(0, size)));
    std::vector<std::string> complete;
    if (size >= first.size()) complete.push_back(first);
    const std::size_t begun = size - (complete.empty() ? 0 : first.size());
    const std::string& last = complete.empty() ? first : second;
    const std::size_t scan = complete.empty() ? first.rfind("\xFF\xDA") : second.find("\xFF\xDA");
    const std::size_t pixels = scan + 2 + static_cast<std::uint8_t>(last[scan + 3]);
    if (begun >= pixels + 2 && begun < last.size()) {
      complete.push_back(last.substr(0, begun));
      EXPECT_EQ(contents.pictures, complete) << size;
      EXPECT_THAT(contents.complaints, IsEmpty()) << size;
      continue;
    }
    EXPECT_EQ(contents.pictures, complete) << size;
    if (begun >= 3) {
      EXPECT_THAT(contents.complaints,
                  ElementsAre(HasSubstr(complete.empty() ? "cam-000001.jpg" : "cam-000002.jpg")))
          << size;
    } else if (complete.empty()) {
      EXPECT_THAT(contents.complaints, ElementsAre(HasSubstr("the stream: "))) << size;
    } else {
      EXPECT_THAT(contents.complaints, IsEmpty()) << size;
    }
  }
}

TEST(MotionJpeg, GoesOnBehindADamagedPicture) {
  const std::string good = jpeg(24, 32);
  const std::string cut_in_header = good.substr(0, good.find("\xFF\xDA") - 9);
  std::string no_marker = good;
  no_marker[2 + 2 + 16] = 'x';  // behind SOI and the segment APP0
  const std::string short_segment = with_front(good, "\xFF\xE1\0\1"s);
  const std::string unknown = with_front(good, "\xFF\x02");
  const std::string stuffed = with_front(good, "\xFF\0"s);
  for (const std::string& damaged : {cut_in_header, no_marker, short_segment, unknown, stuffed}) {
    const Contents contents = read_all(source_of(good + damaged + good + good));
    EXPECT_THAT(contents.pictures, ElementsAre(good, good, good));
    EXPECT_THAT(contents.numbers, ElementsAre(1, 3, 4));
    EXPECT_THAT(contents.complaints,
                ElementsAre(AllOf(HasSubstr("cam-000002.jpg"), HasSubstr("damaged JPEG"))));
  }
}

/// As some webcams leave out the end marker: what there is can be decoded.
TEST(MotionJpeg, GivesPicturesWithoutTheirEnd) {
  const std::string good = jpeg(24, 32);
  for (const std::size_t missing : {2U, 9U}) {
    const std::string cut = good.substr(0, good.size() - missing);
    const Contents contents = read_all(source_of(cut + cut + good + cut));
    EXPECT_THAT(contents.pictures, ElementsAre(cut, cut, good, cut));
    EXPECT_THAT(contents.complaints, IsEmpty());
  }
}

TEST(MotionJpeg, AnyDamageLeavesTheNextButOnePicture) {
  const std::string good = jpeg(16, 16);
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = good;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    // A segment that became longer swallows at most 64 KiB behind it.
    const Contents contents = read_all(source_of(damaged + std::string(1U << 16U, 'x') + good));
    ASSERT_THAT(contents.pictures, testing::Contains(good)) << i;
  }
}

TEST(MotionJpeg, SurvivesNoise) {
  std::mt19937 random(1);
  const std::string alphabet("\xFF\xFF\xFF\xD8\xD8\xD9\xDA\xC4\xE0\xD0\0\0\2x", 14);
  for (int i = 0; i < 2000; ++i) {
    std::string noise(random() % 300, ' ');
    for (char& c : noise) c = alphabet[random() % alphabet.size()];
    const Contents contents = read_all(source_of(noise, 1 + random() % 50));
    for (const std::string& picture : contents.pictures) {
      EXPECT_TRUE(picture.starts_with("\xFF\xD8\xFF"));
    }
  }
}

TEST(MotionJpeg, AStreamWithoutPicturesIsRefused) {
  EXPECT_THAT(read_all(source_of("")).complaints,
              ElementsAre(AllOf(HasSubstr("the stream: empty"), HasSubstr("ffmpeg"))));
  for (const std::string& content : {"x"s, "\xFF\xD8"s, std::string(200'000, '\xFF')}) {
    EXPECT_THAT(read_all(source_of(content)).complaints, ElementsAre(HasSubstr("no JPEG in it")));
  }
}

/// The given bytes, and then this one for ever.
ByteSource endless(const std::string& front, char rest) {
  return [inner = source_of(front), rest](std::span<std::byte> block) mutable {
    const std::size_t count = inner(block);
    if (count > 0) return count;
    std::fill(block.begin(), block.end(), static_cast<std::byte>(rest));
    return block.size();
  };
}

TEST(MotionJpeg, MemoryIsBounded) {
  const std::string good = jpeg(24, 32);
  const std::string open = good.substr(0, good.size() - 2);
  const Contents contents = read_all(endless(good + open, 'x'));
  EXPECT_THAT(contents.pictures, ElementsAre(good));
  EXPECT_THAT(contents.complaints,
              ElementsAre(AllOf(HasSubstr("cam-000002.jpg"), HasSubstr("longer than 64 MiB")),
                          HasSubstr("no JPEG in 64 MiB")));
}

TEST(MotionJpeg, AFailingSourceEndsTheStream) {
  const std::string good = jpeg(24, 32);
  const Contents contents =
      read_all([inner = source_of(good + good.substr(0, 99))](std::span<std::byte> block) mutable {
        const std::size_t count = inner(block);
        if (count == 0) throw BadInput("the cable is gone");
        return count;
      });
  EXPECT_THAT(contents.pictures, ElementsAre(good));
  EXPECT_THAT(contents.complaints, ElementsAre("the cable is gone"));
}

TEST(MotionJpeg, NamesGrowBeyondSixDigits) {
  const MotionJpeg stream(source_of(""), "x.mjpeg", "x");
  EXPECT_EQ(stream.picture_name(1), "x-000001.jpg");
  EXPECT_EQ(stream.picture_name(1234567), "x-1234567.jpg");
}

TEST(MotionJpeg, PicturesWithoutHuffmanTablesAreDecoded) {
  // Webcams leave out the tables that all of them use.
  std::string picture = jpeg(24, 32);
  const Picture expected = decode_picture(std::as_bytes(std::span(picture)), "whole");
  for (auto at = picture.find("\xFF\xC4"); at != std::string::npos; at = picture.find("\xFF\xC4")) {
    const auto length = static_cast<unsigned char>(picture[at + 2]) * std::size_t{256} +
                        static_cast<unsigned char>(picture[at + 3]);
    picture.erase(at, 2 + length);
  }
  expect_divided({picture, picture});
  EXPECT_EQ(decode_picture(std::as_bytes(std::span(picture)), "without tables"), expected);
}

TEST(ByteSource, ReadsAFileInOrderAndPartsOfIt) {
  const TemporaryFolder folder;
  const auto path = folder.write("a.bin", "0123456789");
  const ByteSource source = open_bytes(path);
  std::vector<std::byte> block(4);
  std::vector<std::size_t> counts;
  for (int i = 0; i < 4; ++i) counts.push_back(source(block));
  EXPECT_THAT(counts, ElementsAre(4, 4, 2, 0));
  EXPECT_THAT(read_file_part(path, 3, 2), ElementsAre(std::byte{'3'}, std::byte{'4'}));
  EXPECT_THROW((void)read_file_part(path, 8, 3), BadInput);
  EXPECT_THROW((void)open_bytes(folder.path() / "absent"), BadInput);
}

}  // namespace
}  // namespace vpinfer
