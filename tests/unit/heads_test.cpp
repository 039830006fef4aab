#include "vision/heads.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

void expect_box(const Detection& detection, float left, float top, float width, float height) {
  EXPECT_NEAR(detection.left, left, 1e-3);
  EXPECT_NEAR(detection.top, top, 1e-3);
  EXPECT_NEAR(detection.width, width, 1e-3);
  EXPECT_NEAR(detection.height, height, 1e-3);
}

/// One cell, one anchor of one cell, the given number of classes.
Region region_of(int classes) {
  return {classes, true, {{1, 1}}, {}, {}};
}

/// Decodes a single cell for a network of 100x100 and a picture of 50x100, threshold 0.3:
/// the letterbox has 25 rows of grey above and below, one pixel is one pixel.
std::vector<Detection> decode_cell(const Region& region, const std::vector<float>& values) {
  return decode(region, values, {1, 1, static_cast<int>(values.size())},
                {Resize::kLetterbox, 50, 100, {100, 100, 3}}, 0.3F);
}

TEST(DecodeRegion, UndoesTheLetterbox) {
  // Centre (50, 60) and extent 20 x 10 in the network's input; the picture starts at row 25.
  const std::vector<float> values{0.5F, 0.6F, std::log(0.2F), std::log(0.1F), 0.9F, 1.0F};
  const std::vector<Detection> detections = decode_cell(region_of(1), values);
  ASSERT_EQ(detections.size(), 1U);
  expect_box(detections[0], 40, 30, 20, 10);
  EXPECT_FLOAT_EQ(detections[0].score, 0.9F);
}

TEST(DecodeRegion, UndoesTheStretch) {
  const std::vector<float> values{0.5F, 0.6F, std::log(0.2F), std::log(0.1F), 0.9F, 1.0F};
  const std::vector<Detection> detections =
      decode(region_of(1), values, {1, 1, 6}, {Resize::kStretch, 50, 200, {100, 100, 3}}, 0.3F);
  ASSERT_EQ(detections.size(), 1U);
  expect_box(detections[0], 80, 27.5F, 40, 5);
}

TEST(DecodeRegion, WalksCellsAndAnchors) {
  // 2 rows x 3 cols, 2 anchors, no classes; only cell (1, 2), anchor 1 is confident.
  const Region region{0, false, {{1, 1}, {0.5F, 0.25F}}, {}, {}};
  std::vector<float> values(2 * 3 * 2 * 5, 0);
  const std::size_t entry = ((1 * 3 + 2) * 2 + 1) * 5;
  values[entry + 0] = 0.5F;
  values[entry + 1] = 0.5F;
  values[entry + 4] = 0.7F;
  const std::vector<Detection> detections =
      decode(region, values, {2, 3, 10}, {Resize::kStretch, 200, 300, {200, 300, 3}}, 0.5F);
  ASSERT_EQ(detections.size(), 1U);
  // Cells are 100 x 100 pixels: centre (250, 150), extent 50 x 25.
  expect_box(detections[0], 225, 137.5F, 50, 25);
  EXPECT_EQ(detections[0].class_index, 0);
  EXPECT_FLOAT_EQ(detections[0].score, 0.7F);
}

TEST(DecodeRegion, GivesEveryClassAboveTheThreshold) {
  const std::vector<float> values{0.5F, 0.5F, -1, -1, 0.8F, 0.5F, 0.375F, 0.45F};
  const std::vector<Detection> detections = decode_cell(region_of(3), values);
  // 0.8 * 0.375 = 0.3 is not above 0.3.
  ASSERT_EQ(detections.size(), 2U);
  EXPECT_EQ(detections[0].class_index, 0);
  EXPECT_FLOAT_EQ(detections[0].score, 0.4F);
  EXPECT_EQ(detections[1].class_index, 2);
  EXPECT_FLOAT_EQ(detections[1].score, 0.36F);
}

TEST(DecodeRegion, ClipsToThePictureAndDropsWhatIsOutside) {
  const std::vector<float> everywhere{0.5F, 0.5F, 3, 3, 0.9F};
  ASSERT_EQ(decode_cell(region_of(0), everywhere).size(), 1U);
  expect_box(decode_cell(region_of(0), everywhere)[0], 0, 0, 100, 50);
  const std::vector<float> in_the_grey{0.5F, 0.1F, std::log(0.2F), std::log(0.1F), 0.9F};
  EXPECT_TRUE(decode_cell(region_of(0), in_the_grey).empty());
}

TEST(DecodeRegion, SurvivesValuesThatAreNotFinite) {
  const std::vector<float> sound{0.5F, 0.5F, 0, 0, 0.9F, 0.9F};
  for (const float bad : {kNan, kInfinity, -kInfinity, 1e30F}) {
    for (std::size_t i = 0; i < sound.size(); ++i) {
      std::vector<float> values = sound;
      values[i] = bad;
      for (const Detection& detection : decode_cell(region_of(1), values)) {
        EXPECT_TRUE(std::isfinite(detection.left + detection.top + detection.width +
                                  detection.height + detection.score));
      }
    }
  }
}

/// Width and height are 4 v^2 anchors: the anchor is the whole input of 100 x 100.
TEST(DecodeRegion, TakesSquares) {
  Region region = region_of(1);
  region.coding = BoxCoding::kSquare;
  const std::vector<Detection> found =
      decode_cell(region, {0.5F, 0.6F, std::sqrt(0.05F), 0.5F * std::sqrt(0.1F), 0.9F, 0.5F});
  ASSERT_EQ(found.size(), 1U);
  expect_box(found[0], 40, 30, 20, 10);
  EXPECT_FLOAT_EQ(found[0].score, 0.45F);
}

/// Scores count the less, the less certain the box: here its mean uncertainty is 0.25.
TEST(DecodeRegion, TakesUncertaintiesAndCorners) {
  Region region = region_of(1);
  region.coding = BoxCoding::kGaussian;
  const auto decoded = [&](BoxPoint point, float x, float y) {
    region.point = point;
    return decode_cell(region,
                       {x, 0.1F, y, 0.2F, std::log(0.2F), 0.3F, std::log(0.1F), 0.4F, 0.8F, 0.75F});
  };
  for (const auto& found :
       {decoded(BoxPoint::kCentre, 0.5F, 0.6F), decoded(BoxPoint::kTopLeft, 0.4F, 0.55F),
        decoded(BoxPoint::kBottomRight, 0.6F, 0.65F)}) {
    ASSERT_EQ(found.size(), 1U);
    expect_box(found[0], 40, 30, 20, 10);
    EXPECT_FLOAT_EQ(found[0].score, 0.8F * 0.75F * 0.75F);
  }
}

TEST(DecodeRegion, RejectsATensorThatDoesNotFit) {
  EXPECT_THROW(static_cast<void>(decode_cell(region_of(2), std::vector<float>(6))), Bug);
}

/// Two kinds of animals below `animal`, two dogs below `dog`, and nothing below `thing`:
/// 0 animal, 1 thing, 2 cat, 3 dog, 4 beagle, 5 poodle.
const std::vector<int> kTree{-1, -1, 0, 0, 3, 3};

/// One cell, one anchor over the whole picture, its objectness and the conditional probabilities.
std::vector<Detection> decode_tree(const std::vector<int>& map, float objectness,
                                   const std::vector<float>& probabilities) {
  Region region{6, true, {{1, 1}}, kTree, map};
  std::vector<float> values{0.5F, 0.5F, 0, 0, objectness};
  values.insert(values.end(), probabilities.begin(), probabilities.end());
  return decode(region, values, {1, 1, 11}, {Resize::kStretch, 10, 20, {100, 100, 3}}, 0.3F);
}

TEST(DecodeTree, DescendsWhileItIsCertain) {
  // Absolute: animal 0.9, dog 0.81, beagle 0.729; products 0.9, 0.729, 0.531: to the end.
  std::vector<Detection> found = decode_tree({}, 0.8F, {0.9F, 0.1F, 0.1F, 0.9F, 0.9F, 0.1F});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].class_index, 4);
  EXPECT_EQ(found[0].score, 0.8F);  // the objectness alone
  expect_box(found[0], 0, 0, 20, 10);
  // The beagle's own probability is 0.567, but 0.9 * 0.81 * 0.567 is less than a half.
  EXPECT_EQ(decode_tree({}, 0.8F, {0.9F, 0.1F, 0.1F, 0.9F, 0.7F, 0.3F})[0].class_index, 3);
  EXPECT_EQ(decode_tree({}, 0.8F, {0.7F, 0.3F, 0.4F, 0.6F, 1, 0})[0].class_index, 0);
  EXPECT_EQ(decode_tree({}, 0.8F, {0.3F, 0.7F, 0, 1, 1, 0})[0].class_index, 1);
  EXPECT_TRUE(decode_tree({}, 0.3F, {1, 0, 0, 1, 1, 0}).empty());
}

TEST(DecodeTree, NamesTheBestRootIfNothingIsCertain) {
  const Region region{3, true, {{1, 1}}, {-1, -1, -1}, {}};
  const std::vector<float> values{0.5F, 0.5F, 0, 0, 0.8F, 0.3F, 0.4F, 0.3F};
  const std::vector<Detection> found =
      decode(region, values, {1, 1, 8}, {Resize::kStretch, 10, 10, {10, 10, 3}}, 0.5F);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].class_index, 1);
}

TEST(DecodeTree, AMapNamesClassesByTheirAbsoluteProbability) {
  // Absolute: cat 0.09, dog 0.81, beagle 0.486, poodle 0.324, times 0.8.
  const std::vector<Detection> found =
      decode_tree({5, 4, 2, 3}, 0.8F, {0.9F, 0.1F, 0.1F, 0.9F, 0.6F, 0.4F});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].class_index, 1);
  EXPECT_FLOAT_EQ(found[0].score, 0.8F * 0.486F);
  EXPECT_EQ(found[1].class_index, 3);
  EXPECT_FLOAT_EQ(found[1].score, 0.8F * 0.81F);
  EXPECT_EQ(class_count(Region{6, true, {{1, 1}}, kTree, {5, 4, 2, 3}}), 4);
  EXPECT_EQ(class_count(Region{6, true, {{1, 1}}, kTree, {}}), 6);
}

TEST(DecodeGrid, FindsScoresObjectnessAndBoxesInTheirPlaces) {
  // 2 x 2 cells, 2 boxes, 3 classes; cell (1, 0) is the third.
  GridHead head{2, 2, 3, false, true};
  std::vector<float> values(4 * (3 + 2 * 5), 0);
  values[2 * 3 + 1] = 0.5F;       // class 1
  values[2 * 3 + 2] = 0.75F;      // class 2
  values[12 + 2 * 2 + 1] = 0.8F;  // the second box
  const std::size_t box = 12 + 8 + (2 * 2 + 1) * 4;
  values[box + 0] = 0.5F;
  values[box + 1] = 0.25F;
  values[box + 2] = 0.5F;  // a quarter of the width
  values[box + 3] = 0.4F;
  const PictureFrame frame(Resize::kStretch, 100, 200, {10, 10, 3});
  const std::vector<Detection> found = decode(head, values, {1, 1, 52}, frame, 0.3F);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].class_index, 1);
  EXPECT_FLOAT_EQ(found[0].score, 0.4F);
  EXPECT_EQ(found[1].class_index, 2);
  EXPECT_FLOAT_EQ(found[1].score, 0.6F);
  for (const Detection& d : found) expect_box(d, 25, 54.5F, 50, 16);  // centre (50, 62.5)

  head.square_root = false;
  expect_box(decode(head, values, {1, 1, 52}, frame, 0.3F)[0], 0, 42.5F, 100, 40);
  values[box + 2] = -0.5F;  // nothing keeps it from being negative
  EXPECT_TRUE(decode(head, values, {1, 1, 52}, frame, 0.3F).empty());
  EXPECT_THROW((void)decode(head, std::vector<float>(51), {1, 1, 51}, frame, 0.3F), Bug);
}

TEST(DecodeNanoDet, TakesTheMeanOfEachSide) {
  // 1 x 2 cells of 40 pixels in an input of 40 x 80, 2 classes, 3 bins; only the second cell.
  const NanoDet head{2, 3, 40};
  std::vector<float> values(2 * 14, 0);
  const std::vector<float> cell{0.2F, 0.7F,         // scores
                                0.5F, 0.5F, 0,      // left 0.5 cells
                                1,    0,    0,      // top 0
                                0,    0.5F, 0.5F,   // right 1.5, beyond the picture
                                0.9F, 0,    0.1F};  // bottom 0.2
  std::copy(cell.begin(), cell.end(), values.begin() + 14);
  const std::vector<Detection> found =
      decode(head, values, {1, 2, 14}, {Resize::kStretch, 40, 160, {40, 80, 3}}, 0.5F);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].class_index, 1);
  EXPECT_EQ(found[0].score, 0.7F);
  // From the centre (60, 20): 40 to 120 and 20 to 28 in the input, twice as wide in the picture.
  expect_box(found[0], 80, 20, 80, 8);
}

TEST(DecodeNanoDet, UndoesTheLetterbox) {
  const NanoDet head{1, 2, 100};
  const std::vector<float> values{0.9F, 0.8F, 0.2F, 0.9F, 0.1F, 0.8F, 0.2F, 0.9F, 0.1F};
  const std::vector<Detection> found =
      decode(head, values, {1, 1, 9}, {Resize::kLetterbox, 50, 100, {100, 100, 3}}, 0.5F);
  ASSERT_EQ(found.size(), 1U);
  expect_box(found[0], 30, 15, 40, 20);
}

TEST(Decode, HeadsSurviveValuesThatAreNotFinite) {
  const PictureFrame frame(Resize::kLetterbox, 50, 100, {100, 100, 3});
  const std::vector<Operation> heads{GridHead{1, 1, 1, false, true}, NanoDet{1, 2, 100},
                                     Region{6, true, {{1, 1}}, kTree, {}},
                                     Region{6, true, {{1, 1}}, kTree, {1, 2}}};
  const std::vector<int> sizes{6, 9, 11, 11};
  for (std::size_t head = 0; head < heads.size(); ++head) {
    for (const float bad : {kNan, kInfinity, -kInfinity, 1e30F}) {
      for (std::size_t i = 0; i < static_cast<std::size_t>(sizes[head]); ++i) {
        std::vector<float> values(static_cast<std::size_t>(sizes[head]), 0.5F);
        values[i] = bad;
        for (const Detection& d : decode(heads[head], values, {1, 1, sizes[head]}, frame, 0.1F)) {
          EXPECT_TRUE(is_finite(d));
          EXPECT_GE(d.class_index, 0);
          EXPECT_LT(d.class_index, 6);
        }
      }
    }
  }
}

TEST(Decode, RefusesWhatIsNoHead) {
  const PictureFrame frame(Resize::kStretch, 1, 1, {1, 1, 3});
  EXPECT_THROW((void)decode(Concat{}, std::vector<float>(1), {1, 1, 1}, frame, 0.5F), Bug);
  EXPECT_THROW((void)class_count(Concat{}), Bug);
}

}  // namespace
}  // namespace vpinfer
