#include "io/picture.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <turbojpeg.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "io/file.hpp"
#include "vision/test_picture.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

namespace fs = std::filesystem;

// Small PNGs made with Python's struct and zlib: two pixels (200,100,50) (10,20,30), the same with
// alpha 255 and 0 and a white one with alpha 128, and so on; kHuge claims 65535x65535 pixels.
constexpr std::string_view kRgb8 =
    "89504e470d0a1a0a0000000d49484452000000020000000108020000007b40e8dd0000000f4944415478da633891"
    "62c42522070007d7019b97ae972e0000000049454e44ae426082";
constexpr std::string_view kRgba8 =
    "89504e470d0a1a0a0000000d49484452000000030000000108060000001be014b4000000154944415478da633891"
    "62f49f4b448ee1ffffff0d0023ab0617ffe335580000000049454e44ae426082";
constexpr std::string_view kRgb16 =
    "89504e470d0a1a0a0000000d49484452000000020000000110020000002bd0349e000000154944415478da633871"
    "2225c5c8888b4b44444e0e001db30335f8e301c10000000049454e44ae426082";
constexpr std::string_view kGrey8 =
    "89504e470d0a1a0a0000000d4948445200000002000000010800000000d14920560000000b4944415478da6360ff"
    "0500010b010254f98cc40000000049454e44ae426082";
constexpr std::string_view kGrey1 =
    "89504e470d0a1a0a0000000d4948445200000002000000010100000000dc5942270000000a4944415478da637000"
    "000042004184bf8e620000000049454e44ae426082";
constexpr std::string_view kPalette =
    "89504e470d0a1a0a0000000d4948445200000002000000010203000000894c971900000009504c54450102030405"
    "06070809258556f00000000a4944415478da6398000000920091bfaa81f60000000049454e44ae426082";
constexpr std::string_view kHuge =
    "89504e470d0a1a0a0000000d494844520000ffff0000ffff080200000039674e07000000084944415478da030000"
    "0000016fddc9910000000049454e44ae426082";

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

/// A folder of the test's own, removed with everything in it.
class PictureTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "vpinfer-picture-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] fs::path file(const std::string& name, std::string_view contents) const {
    write_file_atomically(folder_ / name, contents);
    return folder_ / name;
  }

  [[nodiscard]] std::size_t files_in_folder() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  fs::path folder_;
};

std::string rejection(const fs::path& path) {
  try {
    static_cast<void>(read_picture(path));
  } catch (const BadInput& error) {
    return error.what();
  }
  return "";
}

/// One line that names the file and the problem.
void expect_rejected(const fs::path& path, const std::string& problem) {
  const std::string message = rejection(path);
  EXPECT_NE(message.find(path.filename().string()), std::string::npos) << message;
  EXPECT_NE(message.find(problem), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

std::string jpeg(int rows, int cols, TJPF format, TJSAMP sampling, const std::uint8_t* pixels) {
  tjhandle codec = tjInitCompress();
  unsigned char* data = nullptr;
  unsigned long size = 0;
  EXPECT_EQ(tjCompress2(codec, pixels, cols, 0, rows, format, &data, &size, sampling, 100, 0), 0);
  std::string file(reinterpret_cast<const char*>(data), size);
  tjFree(data);
  tjDestroy(codec);
  return file;
}

void expect_near(const Picture& picture, const std::vector<int>& rgb, int tolerance) {
  ASSERT_EQ(picture.rgb.size(), rgb.size());
  for (std::size_t i = 0; i < rgb.size(); ++i) EXPECT_NEAR(picture.rgb[i], rgb[i], tolerance) << i;
}

TEST_F(PictureTest, ReadsEveryKindOfPng) {
  const std::vector<std::uint8_t> two_pixels{200, 100, 50, 10, 20, 30};
  EXPECT_EQ(read_picture(file("rgb.png", from_hex(kRgb8))), (Picture{1, 2, two_pixels}));
  EXPECT_EQ(read_picture(file("16.png", from_hex(kRgb16))), (Picture{1, 2, two_pixels}));
  EXPECT_EQ(read_picture(file("grey.png", from_hex(kGrey8))),
            (Picture{1, 2, {7, 7, 7, 250, 250, 250}}));
  EXPECT_EQ(read_picture(file("bits.png", from_hex(kGrey1))),
            (Picture{1, 2, {0, 0, 0, 255, 255, 255}}));
  EXPECT_EQ(read_picture(file("palette.png", from_hex(kPalette))),
            (Picture{1, 2, {7, 8, 9, 4, 5, 6}}));
}

TEST_F(PictureTest, LeavesTransparencyOut) {
  EXPECT_EQ(read_picture(file("alpha.png", from_hex(kRgba8))),
            (Picture{1, 3, {200, 100, 50, 10, 20, 30, 255, 255, 255}}));
}

/// A JPEG of 2 x 3 blocks of colours of their own, with an Exif orientation.
std::string oriented_jpeg(int orientation) {
  const int rows = 32;
  const int cols = 48;
  std::vector<std::uint8_t> rgb;
  for (int row = 0; row < rows; ++row) {
    for (int col = 0; col < cols; ++col) {
      const int block = row / 16 * 3 + col / 16;
      for (const int value : {40 * block, 200 - 30 * block, 100}) {
        rgb.push_back(static_cast<std::uint8_t>(value));
      }
    }
  }
  std::string exif(
      "\xFF\xE1\0\x22"
      "Exif\0\0"
      "MM\0*\0\0\0\x08"
      "\0\1"
      "\x01\x12\0\3\0\0\0\1\0X\0\0"
      "\0\0\0\0",
      36);
  exif[29] = static_cast<char>(orientation);
  return jpeg(rows, cols, TJPF_RGB, TJSAMP_444, rgb.data()).insert(2, exif);
}

/// The numbers of the blocks of a picture, row by row.
std::vector<int> blocks(const Picture& picture) {
  std::vector<int> numbers;
  for (int row = 8; row < picture.rows; row += 16) {
    for (int col = 8; col < picture.cols; col += 16) {
      const auto pixel = static_cast<std::size_t>(row * picture.cols + col);
      numbers.push_back((picture.rgb[3 * pixel] + 20) / 40);
    }
  }
  return numbers;
}

TEST_F(PictureTest, IsUprightWhateverItsOrientation) {
  const std::vector<std::vector<int>> upright{
      {0, 1, 2, 3, 4, 5}, {2, 1, 0, 5, 4, 3}, {5, 4, 3, 2, 1, 0}, {3, 4, 5, 0, 1, 2},
      {0, 3, 1, 4, 2, 5}, {3, 0, 4, 1, 5, 2}, {5, 2, 4, 1, 3, 0}, {2, 5, 1, 4, 0, 3}};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const Picture picture = read_picture(file("turned.jpg", oriented_jpeg(orientation)));
    EXPECT_EQ(picture.rows, orientation < 5 ? 32 : 48) << orientation;
    EXPECT_EQ(blocks(picture), upright[static_cast<std::size_t>(orientation - 1)]) << orientation;
  }
  for (const int nonsense : {0, 9}) {
    EXPECT_EQ(blocks(read_picture(file("odd.jpg", oriented_jpeg(nonsense)))), upright.front());
  }
}

TEST_F(PictureTest, UsesWhatThereIsOfACutOffJpeg) {
  const Picture picture = test_picture(64, 64);
  const std::string whole = jpeg(64, 64, TJPF_RGB, TJSAMP_420, picture.rgb.data());
  const Picture original = read_picture(file("whole.jpg", whole));
  EXPECT_EQ(original.flaw, "");
  const Picture no_end = read_picture(file("no-end.jpg", whole.substr(0, whole.size() - 2)));
  EXPECT_EQ(no_end.rgb, original.rgb);
  EXPECT_NE(no_end.flaw.find("cut off"), std::string::npos) << no_end.flaw;
  const Picture half = read_picture(file("half.jpg", whole.substr(0, whole.size() / 2)));
  EXPECT_EQ(half.rgb[0], original.rgb[0]);
  EXPECT_NEAR(half.rgb.back(), 128, 1);
  EXPECT_NE(half.flaw.find("cut off"), std::string::npos) << half.flaw;
}

TEST_F(PictureTest, JpegRoundTripKeepsThePicture) {
  const Picture original = test_picture(61, 83);
  write_jpeg(folder_ / "a.jpg", original);
  const Picture copy = read_picture(folder_ / "a.jpg");
  ASSERT_EQ(copy.rows, 61);
  ASSERT_EQ(copy.cols, 83);
  double difference = 0;
  for (std::size_t i = 0; i < copy.rgb.size(); ++i) {
    difference += std::abs(copy.rgb[i] - original.rgb[i]);
  }
  EXPECT_LT(difference / static_cast<double>(copy.rgb.size()), 3);
  EXPECT_EQ(files_in_folder(), 1U);
}

TEST_F(PictureTest, ReadsGreyAndInvertedCmykJpegs) {
  const std::vector<std::uint8_t> grey(16 * 16, 90);
  const Picture from_grey =
      read_picture(file("grey.jpg", jpeg(16, 16, TJPF_GRAY, TJSAMP_GRAY, grey.data())));
  expect_near(from_grey, std::vector<int>(16 * 16 * 3, 90), 1);

  std::vector<std::uint8_t> cmyk;
  std::vector<int> expected;
  for (int i = 0; i < 16 * 16; ++i) {
    cmyk.insert(cmyk.end(), {200, 100, 255, 128});
    expected.insert(expected.end(), {100, 50, 128});  // ink times black: 200 * 128 / 255, ...
  }
  const Picture from_cmyk =
      read_picture(file("cmyk.jpg", jpeg(16, 16, TJPF_CMYK, TJSAMP_444, cmyk.data())));
  expect_near(from_cmyk, expected, 2);
}

TEST_F(PictureTest, TrustsTheContentNotTheName) {
  write_jpeg(folder_ / "really-a-jpeg.png", test_picture(8, 8));
  EXPECT_EQ(read_picture(folder_ / "really-a-jpeg.png").cols, 8);
  EXPECT_EQ(read_picture(file("really-a-png.jpg", from_hex(kRgb8))).cols, 2);
}

TEST_F(PictureTest, RejectsWhatIsNoPicture) {
  expect_rejected(folder_ / "missing.jpg", "No such file");
  expect_rejected(folder_, "Is a directory");
  expect_rejected(file("empty.jpg", ""), "empty");
  expect_rejected(file("text.jpg", "hello"), "neither a JPEG nor a PNG");
  expect_rejected(file("gif.png", "GIF89a\1\0\1"), "neither a JPEG nor a PNG");
  expect_rejected(file("huge.png", from_hex(kHuge)), "65535x65535");
}

TEST_F(PictureTest, RejectsTruncatedAndDamagedFiles) {
  const Picture picture = test_picture(64, 64);
  const std::string whole = jpeg(64, 64, TJPF_RGB, TJSAMP_420, picture.rgb.data());
  for (const std::size_t size : {std::size_t{3}, std::size_t{30}, std::size_t{300}}) {
    expect_rejected(file("cut.jpg", whole.substr(0, size)), "corrupt JPEG");
  }
  const std::string png = from_hex(kRgb8);
  for (const std::size_t size :
       {std::size_t{8}, std::size_t{20}, std::size_t{33}, std::size_t{50}}) {
    expect_rejected(file("cut.png", png.substr(0, size)), "corrupt PNG");
  }
  std::string damaged = png;
  damaged[45] = static_cast<char>(damaged[45] ^ 0x55);
  expect_rejected(file("damaged.png", damaged), "corrupt PNG");
}

TEST_F(PictureTest, ListsPicturesByName) {
  for (const char* name : {"b.PNG", "a.jpg", "c.JpEg", "notes.txt", "jpg"}) {
    static_cast<void>(file(name, "x"));
  }
  fs::create_directory(folder_ / "folder.jpg");
  const std::vector<fs::path> expected{folder_ / "a.jpg", folder_ / "b.PNG", folder_ / "c.JpEg"};
  EXPECT_EQ(list_pictures(folder_), expected);
}

TEST_F(PictureTest, RejectsAFolderWithoutPictures) {
  EXPECT_THROW(static_cast<void>(list_pictures(folder_)), BadInput);
  EXPECT_THROW(static_cast<void>(list_pictures(folder_ / "missing")), BadInput);
}

TEST_F(PictureTest, WritingReplacesWholeFiles) {
  const fs::path path = file("a.json", "first, and longer");
  write_file_atomically(path, "second");
  EXPECT_EQ(read_file(path), "second");
  fs::create_symlink(path, folder_ / "link");
  write_file_atomically(folder_ / "link", "third");
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(read_file(path), "third");
  EXPECT_EQ(files_in_folder(), 2U);
}

TEST_F(PictureTest, AFailedWriteLeavesTheOldFile) {
  const fs::path path = file("a.json", "old");
  rlimit old_limit{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  rlimit limit = old_limit;
  limit.rlim_cur = 1000;
  auto* old_handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  EXPECT_THROW(write_file_atomically(path, std::string(5000, 'x')), BadInput);
  EXPECT_THROW(write_jpeg(folder_ / "new.jpg", test_picture(100, 100)), BadInput);
  setrlimit(RLIMIT_FSIZE, &old_limit);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(files_in_folder(), 1U);
}

TEST_F(PictureTest, NamesThePathAndTheReasonOfAFailedWrite) {
  try {
    write_file_atomically("/dev/full", "x");
    FAIL() << "a full device took a byte";
  } catch (const BadInput& error) {
    EXPECT_STREQ(error.what(), "cannot write /dev/full: No space left on device");
  }
  EXPECT_THROW(write_jpeg(folder_ / "missing" / "a.jpg", test_picture(4, 4)), BadInput);
  EXPECT_THROW(write_jpeg(folder_ / "empty.jpg", Picture{}), BadInput);
  EXPECT_EQ(files_in_folder(), 0U);
}

}  // namespace
}  // namespace vpinfer
