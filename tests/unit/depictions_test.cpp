// Maps over a picture, pictures and points that outputs show.

#include "net/depictions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "io/picture.hpp"
#include "net/network.hpp"
#include "support/temporary_folder.hpp"
#include "vision/drawn_picture.hpp"
#include "vision/landmarks.hpp"
#include "vision/segmentation.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;

/// A network whose only output is a copy of its input.
Network copying(const Shape& shape, Resize resize = Resize::kStretch) {
  Network network;
  add_input(network, shape, "test");
  add_layer(network, Concat{}, {0}, "test");
  network.normalisation.resize = resize;
  return network;
}

Picture grey_picture(int rows, int cols, std::uint8_t value) {
  const std::size_t bytes = static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols) * 3;
  return {rows, cols, std::vector<std::uint8_t>(bytes, value)};
}

MapOverPicture over(const Network& network, const Shape& map, const Picture& picture) {
  return {network.normalisation.resize, picture.rows, picture.cols, network.input_shape(), map};
}

std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const BadInput& e) {
    return e.what();
  }
  return "";
}

TEST(Depictions, MustFitTheirOutput) {
  Network network = copying({4, 6, 3});
  const auto adding = [&](const Depiction& depiction) {
    return refusal([&] { add_depiction(network, depiction, "f:1"); });
  };
  EXPECT_THAT(adding({1, {4, 6, 2}, ClassMap{2}}), HasSubstr("f:1: "));
  EXPECT_THAT(adding({1, {4, 6, 3}, ClassMap{4}}), HasSubstr("4 classes has 4 channels, not 3"));
  EXPECT_THAT(adding({1, {4, 18, 1}, ClassMap{257, true}}), HasSubstr("2 to 256"));
  EXPECT_THAT(adding({1, {4, 9, 2}, DrawnPicture{}}), HasSubstr("1 or 3 channels"));
  EXPECT_THAT(adding({1, {65536, 65536, 1 << 30}, DrawnPicture{}}), HasSubstr("does not fit"));
  EXPECT_THAT(adding({1, {0, 0, 0}, DrawnPicture{}}), HasSubstr("does not fit"));
  EXPECT_THAT(adding({1, {18, 1, 4}, Landmarks{}}), HasSubstr("2 or 3 numbers"));
  EXPECT_THAT(adding({0, {4, 6, 3}, DrawnPicture{}}), HasSubstr("none of the network's outputs"));
  EXPECT_TRUE(network.depictions.empty());
  EXPECT_EQ(adding({1, {36, 1, 2}, Landmarks{}}), "");
}

TEST(Depictions, AreKeptInTheModel) {
  Network network = copying({4, 6, 3});
  for (const int position : {2, 3}) add_layer(network, Concat{}, {position - 1}, "test");
  for (const int position : {1, 2, 3}) add_output(network, position, "", "test");
  add_depiction(network, {1, {4, 6, 3}, ClassMap{3, false, true}}, "test");
  add_depiction(network, {2, {4, 6, 3}, DrawnPicture{PixelScale::kSigned, true}}, "test");
  add_depiction(network, {3, {36, 1, 2}, Landmarks{PointCoding::kShares}}, "test");
  EXPECT_THAT(refusal([&] {
                add_depiction(network, {1, {4, 6, 3}, DrawnPicture{}}, "test");
              }),
              HasSubstr("twice"));
  const std::string text = to_json(network);
  EXPECT_EQ(network_from_json(text, "test"), network);
  std::string damaged = text;
  damaged.replace(damaged.find("signed"), 6, "singed");
  EXPECT_THAT(refusal([&] { (void)network_from_json(damaged, "test"); }),
              HasSubstr("'\"singed\"' is an unknown word"));
}

TEST(Segmentation, TakesTheBestClassOrTheNumber) {
  const Network network = copying({1, 2, 3});
  const Picture picture = grey_picture(2, 4, 0);
  const MapOverPicture frame = over(network, {1, 2, 3}, picture);
  const std::vector<float> scores{0, 2, 2, 5, 1, 1};
  const Segmentation best = segment(ClassMap{3}, scores, {1, 2, 3}, frame, picture);
  EXPECT_THAT(best.classes, ElementsAre(1, 1, 0, 0, 1, 1, 0, 0));
  const std::vector<float> numbers{2, 7};  // there is no class 7
  const Segmentation given = segment(ClassMap{3, true}, numbers, {1, 2, 1}, frame, picture);
  EXPECT_THAT(given.classes, ElementsAre(2, 2, 0, 0, 2, 2, 0, 0));
  const std::vector<float> sure{0.4F, 0.6F};
  const Segmentation two = segment(ClassMap{2}, sure, {1, 2, 1}, frame, picture);
  EXPECT_THAT(class_shares(two), ElementsAre(ClassShare{0, 0.5F}, ClassShare{1, 0.5F}));
}

TEST(Segmentation, LeavesOutWhatLiesBesideThePicture) {
  const Network network = copying({4, 4, 1}, Resize::kLetterbox);
  const Picture picture = grey_picture(2, 4, 0);  // rows 1 and 2 of the input
  const std::vector<float> numbers{9, 9, 9, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9};
  const Segmentation seen =
      segment(ClassMap{10, true}, numbers, {4, 4, 1}, over(network, {4, 4, 1}, picture), picture);
  EXPECT_THAT(seen.classes, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
}

TEST(Segmentation, OverlaysAllButTheBackground) {
  const Picture picture = grey_picture(64, 64, 100);
  Segmentation segmentation{64, 64, std::vector<std::uint8_t>(4096, 0)};
  segmentation.classes.back() = 1;
  const Picture drawn = overlay(picture, ClassMap{2, false, true}, segmentation, {"none", "dog"});
  const std::size_t last = drawn.rgb.size() - 3;
  EXPECT_EQ(drawn.rgb[last - 3], 100);
  EXPECT_NE(drawn.rgb[last + 1], 100);
  EXPECT_THAT(indexed(ClassMap{2, false, true}, segmentation).palette.front(),
              ElementsAre(0, 0, 0));
}

TEST(DrawnPicture, ScalesAsTheNumbersMean) {
  Network network = copying({1, 2, 1});
  network.normalisation.mean = {10, 0, 0};
  network.normalisation.scale = {0.5F, 1, 1};
  const Picture seen = grey_picture(1, 2, 0);
  const auto drawn = [&](PixelScale scale, const std::vector<float>& values) {
    const Picture picture = draw(DrawnPicture{scale}, values, {1, 2, 1}, network, seen);
    return std::pair<int, int>(picture.rgb[0], picture.rgb[3]);
  };
  EXPECT_EQ(drawn(PixelScale::kUnit, {0.2F, 1.5F}), std::pair(51, 255));
  EXPECT_EQ(drawn(PixelScale::kBytes, {-3, 77.4F}), std::pair(0, 77));
  EXPECT_EQ(drawn(PixelScale::kSigned, {-1, 1}), std::pair(0, 255));
  EXPECT_EQ(drawn(PixelScale::kInput, {20, 45}), std::pair(50, 100));
  EXPECT_EQ(drawn(PixelScale::kStretched, {-7, 3}), std::pair(0, 255));
  EXPECT_EQ(drawn(PixelScale::kStretched, {3, 3}), std::pair(0, 0));
}

TEST(DrawnPicture, IsInItsOwnSizeWithoutTheMargins) {
  Network network = copying({4, 4, 3}, Resize::kLetterbox);
  network.normalisation.order = ChannelOrder::kBgr;
  const Picture seen = grey_picture(20, 40, 0);
  std::vector<float> values(8 * 8 * 3, 0);
  for (std::size_t pixel = 16; pixel < 48; ++pixel) values[3 * pixel] = 1;  // blue, rows 2 to 5
  const Picture picture =
      draw(DrawnPicture{PixelScale::kUnit, true}, values, {8, 8, 3}, network, seen);
  ASSERT_EQ(std::pair(picture.rows, picture.cols), std::pair(4, 8));
  for (std::size_t i = 0; i < picture.rgb.size(); ++i) {
    EXPECT_EQ(picture.rgb[i], i % 3 == 2 ? 255 : 0) << i;
  }
}

TEST(DrawnPicture, ALumaKeepsTheColoursSeen) {
  const Network network = copying({2, 2, 1});
  Picture seen = grey_picture(2, 2, 50);
  for (std::size_t i = 0; i < seen.rgb.size(); i += 3) seen.rgb[i] = 150;  // luma 80, rounded
  const std::vector<float> values(16, 100.0F / 255);
  const Picture picture =
      draw(DrawnPicture{PixelScale::kUnit, true, true}, values, {4, 4, 1}, network, seen);
  ASSERT_EQ(picture.rows, 4);
  EXPECT_NEAR(picture.rgb[0], 170, 1);
  EXPECT_NEAR(picture.rgb[1], 70, 1);
}

TEST(Landmarks, StandWhereThePictureShowsThem) {
  const Network network = copying({40, 40, 1}, Resize::kLetterbox);
  const Picture picture = grey_picture(100, 200, 0);  // rows 10 to 29 of the input
  const auto points = [&](PointCoding coding, const std::vector<float>& output, const Shape& map) {
    return find_points(Landmarks{coding}, output, map, network, picture);
  };
  const auto pixels = points(PointCoding::kPixels, {20, 15, 9, 0, 10, 9}, {2, 1, 3});
  ASSERT_EQ(pixels.size(), 2U);
  EXPECT_THAT(pixels[0].x, FloatNear(100, 1e-3F));
  EXPECT_THAT(pixels[0].y, FloatNear(25, 1e-3F));
  EXPECT_THAT(pixels[1].y, FloatNear(0, 1e-3F));
  const auto shares = points(PointCoding::kShares, {0.25F, 0.75F}, {1, 1, 2});
  EXPECT_THAT(shares[0].x, FloatNear(50, 1e-3F));
  EXPECT_THAT(shares[0].y, FloatNear(100, 1e-3F));
  std::vector<float> heat(4 * 4 * 2, 0);
  heat[2 * 6 + 1] = 1;  // row 1, column 2
  const auto peaks = points(PointCoding::kHeatMaps, heat, {4, 4, 2});
  EXPECT_THAT(peaks[1].x, FloatNear(125, 1e-3F));
  EXPECT_THAT(peaks[1].y, FloatNear(25, 1e-3F));
}

TEST(Png, IsReadAsItWasWritten) {
  const TemporaryFolder folder;
  Picture colours = grey_picture(3, 5, 7);
  colours.rgb[4] = 200;
  for (const Picture& picture : {colours, grey_picture(2, 1, 90)}) {
    write_png(folder.path() / "p.png", picture);
    EXPECT_EQ(read_picture(folder.path() / "p.png"), picture);
  }
  write_png(folder.path() / "i.png", IndexedPicture{1, 2, {1, 0}, {{1, 2, 3}, {4, 5, 6}}});
  EXPECT_THAT(read_picture(folder.path() / "i.png").rgb, ElementsAre(4, 5, 6, 1, 2, 3));
  EXPECT_THROW(write_png(folder.path() / "no" / "p.png", colours), BadInput);
}

}  // namespace
}  // namespace vpinfer
