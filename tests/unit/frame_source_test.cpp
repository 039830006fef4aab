#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include "app/pictures.hpp"
#include "support/temporary_folder.hpp"
#include "vision/test_picture.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Network network() {
  Network network;
  add_input(network, {8, 8, 3}, "test");
  return network;
}

RunOptions options_for(const std::filesystem::path& input) {
  RunOptions options;
  options.input = input;
  return options;
}

/// A JPEG of that many rows.
std::string jpeg(const TemporaryFolder& folder, int rows) {
  write_jpeg(folder.path() / "made.jpg", test_picture(rows, 16));
  std::string content = folder.read("made.jpg");
  std::filesystem::remove(folder.path() / "made.jpg");
  return content;
}

/// What a source gives, with the frames' rows instead of their pixels.
struct Given {
  std::vector<std::string> names;
  std::vector<int> rows;
  std::vector<std::size_t> indices;
  std::vector<std::string> complaints;
};

Given drain(FrameSource& source) {
  Given given;
  while (true) {
    try {
      const std::optional<Frame> frame = source.next();
      if (!frame) return given;
      given.names.push_back(frame->name);
      given.rows.push_back(frame->picture.rows);
      given.indices.push_back(frame->index);
    } catch (const BadInput& error) {
      given.complaints.emplace_back(error.what());
    }
  }
}

TEST(FrameSource, GivesTheTestPictureWithoutAnInput) {
  const Network net = network();
  FrameSource source(options_for(""), net);
  EXPECT_EQ(source.size(), 1U);
  EXPECT_THAT(drain(source).names, ElementsAre("test picture"));
  EXPECT_EQ(source.load(0).picture, test_picture(8, 8));
}

TEST(FrameSource, GivesAFoldersPicturesAndGoesOnAfterABadOne) {
  const Network net = network();
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "in");
  folder.write("in/c.jpg", jpeg(folder, 3));
  folder.write("in/b.jpg", "no picture");
  folder.write("in/a.jpg", jpeg(folder, 1));
  FrameSource source(options_for(folder.path() / "in"), net);
  EXPECT_EQ(source.size(), 3U);
  EXPECT_TRUE(source.can_reread());
  const Given given = drain(source);
  EXPECT_THAT(given.names, ElementsAre("a.jpg", "c.jpg"));
  EXPECT_THAT(given.indices, ElementsAre(0, 2));
  EXPECT_THAT(given.complaints, ElementsAre(HasSubstr("b.jpg")));
  EXPECT_EQ(source.load(2).picture.rows, 3);
}

TEST(FrameSource, GivesAVideosPicturesAndReadsThemAgain) {
  const Network net = network();
  const TemporaryFolder folder;
  const std::string damaged = jpeg(folder, 9).substr(0, 200);
  const auto path =
      folder.write("v.MJPEG", jpeg(folder, 1) + "--" + jpeg(folder, 2) + damaged + jpeg(folder, 4));
  FrameSource source(options_for(path), net);
  EXPECT_EQ(source.size(), std::nullopt);
  EXPECT_TRUE(source.can_reread());
  const Given given = std::async(std::launch::async, [&] { return drain(source); }).get();
  EXPECT_THAT(given.names, ElementsAre("v-000001.jpg", "v-000002.jpg", "v-000004.jpg"));
  EXPECT_THAT(given.rows, ElementsAre(1, 2, 4));
  EXPECT_THAT(given.complaints, ElementsAre(HasSubstr("v-000003.jpg")));
  EXPECT_EQ(source.size(), 4U);
  for (const std::size_t index : given.indices) {
    const Frame again = source.load(index);
    EXPECT_EQ(again.picture.rows, static_cast<int>(index) + 1);
    EXPECT_EQ(again.index, index);
  }
  EXPECT_EQ(source.load(1).name, "v-000002.jpg");
}

TEST(FrameSource, AVideoWithoutPicturesComplainsOnce) {
  const Network net = network();
  const TemporaryFolder folder;
  FrameSource source(options_for(folder.write("v.mjpg", "")), net);
  const Given given = drain(source);
  EXPECT_THAT(given.names, IsEmpty());
  EXPECT_THAT(given.complaints, ElementsAre(HasSubstr("v.mjpg: empty")));
  EXPECT_EQ(source.size(), 0U);
}

TEST(FrameSource, APictureThatCannotBeDecodedIsNamedAndCounts) {
  const Network net = network();
  const TemporaryFolder folder;
  const std::string nothing_in_it("\xFF\xD8\xFF\xD9", 4);
  FrameSource source(options_for(folder.write("v.mjpeg", nothing_in_it + jpeg(folder, 2))), net);
  const Given given = drain(source);
  EXPECT_THAT(given.names, ElementsAre("v-000002.jpg"));
  EXPECT_THAT(given.complaints, ElementsAre(HasSubstr("v-000001.jpg: corrupt JPEG")));
  EXPECT_EQ(source.load(1).picture.rows, 2);
}

}  // namespace
}  // namespace vpinfer
