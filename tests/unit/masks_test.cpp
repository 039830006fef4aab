// Masks of objects: run lengths, what is made of prototypes, and what heads and prototypes must
// fit.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <utility>
#include <vector>

#include "support/error_line.hpp"
#include "vision/instance_masks.hpp"
#include "vision/interpretation.hpp"
#include "vision/mask.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Mask mask_of(int rows, int cols, const std::vector<std::uint32_t>& runs) {
  Mask mask{rows, cols};
  bool belong = false;
  for (const std::uint32_t run : runs) mask.append(std::exchange(belong, !belong), run);
  return mask;
}

/// Column by column, a 1 for each pixel of the object.
std::vector<int> pixels(const Mask& mask) {
  std::vector<int> list(static_cast<std::size_t>(mask.rows * mask.cols), 0);
  for_each_pixel(
      mask, [&](int row, int col) { list[static_cast<std::size_t>(col * mask.rows + row)] = 1; });
  return list;
}

TEST(Mask, JoinsRunsOfAKind) {
  Mask mask{2, 4};
  mask.append(false, 0);
  mask.append(true, 1);
  mask.append(true, 2);
  mask.append(false, 0);
  mask.append(true, 1);
  mask.append(false, 3);
  mask.append(false, 1);
  EXPECT_THAT(mask.runs, ElementsAre(0, 4, 4));
  EXPECT_THAT(pixels(mask), ElementsAre(1, 1, 1, 1, 0, 0, 0, 0));
  EXPECT_THAT(pixels(mask_of(2, 2, {1, 1, 1, 1})), ElementsAre(0, 1, 0, 1));
  EXPECT_THAT(pixels(mask_of(2, 2, {4})), ElementsAre(0, 0, 0, 0));
}

/// The second has a difference of two characters below zero, and one whose fifth bit is set. All
/// were derived by hand from the format's definition.
TEST(Mask, IsWrittenAsCocosToolsDo) {
  EXPECT_EQ(coco_counts(mask_of(1, 4, {4})), "4");
  EXPECT_EQ(coco_counts(mask_of(9, 10, {6, 1, 40, 4, 5, 4, 5, 4, 21})), "61X13mN000`0");
  EXPECT_EQ(coco_counts(mask_of(100, 100, {0, 10000})), "0`h9");
  EXPECT_EQ(coco_counts(mask_of(4, 4, {15, 1})), "?1");
  EXPECT_EQ(coco_counts(mask_of(4, 5, {16, 4})), "`04");
}

TEST(Mask, OverlapsByItsPixels) {
  const Mask four = mask_of(2, 4, {1, 4, 3});
  EXPECT_EQ(intersection_over_union(four, four), 1);
  EXPECT_DOUBLE_EQ(intersection_over_union(four, mask_of(2, 4, {3, 1, 1, 2, 1})), 1.0 / 6);
  EXPECT_EQ(intersection_over_union(four, mask_of(2, 4, {0, 1, 7})), 0);
  EXPECT_EQ(intersection_over_union(mask_of(2, 4, {8}), mask_of(2, 4, {8})), 1);
  EXPECT_EQ(intersection_over_union(mask_of(2, 4, {8}), mask_of(2, 4, {0, 8})), 0);
}

Picture picture_of(int rows, int cols) {
  return {rows, cols, {}};
}

/// The mask that one detection gets in a picture, of prototypes over an input.
std::vector<int> made(Resize resize, const Shape& input, const Picture& picture, const Shape& map,
                      const std::vector<float>& values, Detection detection) {
  const MapOverPicture over(resize, picture.rows, picture.cols, input, map);
  make_masks({&detection, 1}, {values, map}, over, picture);
  EXPECT_FALSE(detection.coefficients);
  EXPECT_EQ(std::pair(detection.mask.rows, detection.mask.cols),
            std::pair(picture.rows, picture.cols));
  return pixels(detection.mask);
}

Detection box_with(float left, float top, float width, float height,
                   const std::vector<float>& coefficients) {
  Detection detection{left, top, width, height, 0, 0.9F};
  detection.coefficients = std::make_shared<const std::vector<float>>(coefficients);
  return detection;
}

TEST(InstanceMasks, AddPrototypesUp) {
  const std::vector<float> maps{1, 0, 0, 1, 2, 1, -1, 5};  // 1 x 4 pixels of two
  const Picture picture = picture_of(1, 4);
  const auto mask = [&](const std::vector<float>& coefficients) {
    return made(Resize::kStretch, {1, 4, 3}, picture, {1, 4, 2}, maps,
                box_with(0, 0, 4, 1, coefficients));
  };
  EXPECT_THAT(mask({1, -1}), ElementsAre(1, 0, 1, 0));
  EXPECT_THAT(mask({-1, 0.5F}), ElementsAre(0, 1, 0, 1));
  EXPECT_THAT(mask({0, 0}), ElementsAre(0, 0, 0, 0));  // a half is not enough
}

TEST(InstanceMasks, BelongToTheMiddlesOfPixelsInTheBox) {
  const std::vector<float> maps(20, 1);
  const Picture picture = picture_of(4, 5);
  const auto mask = [&](const Detection& detection) {
    return made(Resize::kStretch, {4, 5, 3}, picture, {4, 5, 1}, maps, detection);
  };
  EXPECT_THAT(mask(box_with(1.5F, 1, 2, 1.4F, {9})),
              ElementsAre(0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  EXPECT_THAT(mask(box_with(0, 0, 5, 4, {9})), testing::Each(1));
  EXPECT_THAT(mask(box_with(2.6F, 0, 0.2F, 4, {9})), testing::Each(0));
}

/// Probabilities are enlarged, not sums, of which the half would lie elsewhere.
TEST(InstanceMasks, AreEnlargedBilinearly) {
  const std::vector<float> maps{9, -1};
  const std::vector<int> mask = made(Resize::kStretch, {8, 16, 3}, picture_of(1, 40), {1, 2, 1},
                                     maps, box_with(0, 0, 40, 1, {1}));
  // Middles of the map's pixels are at 10 and 30.
  const double left = 1 / (1 + std::exp(-9));
  const double right = 1 / (1 + std::exp(1));
  const double half = 30 - 20 * (0.5 - right) / (left - right);
  for (std::size_t i = 0; i < mask.size(); ++i) {
    EXPECT_EQ(mask[i], static_cast<double>(i) + 0.5 < half ? 1 : 0) << i;
  }
}

TEST(InstanceMasks, LeaveTheLetterboxOut) {
  // Rows 1 and 2 of the input show the picture.
  std::vector<float> maps(16, -1);
  maps[5] = maps[10] = 1;
  const std::vector<int> mask = made(Resize::kLetterbox, {4, 4, 3}, picture_of(2, 4), {4, 4, 1},
                                     maps, box_with(0, 0, 4, 2, {3}));
  EXPECT_THAT(mask, ElementsAre(0, 0, 1, 0, 0, 1, 0, 0));
}

/// Boxes, a score and two coefficients beside two prototypes of 2 x 2 pixels.
Network with_masks() {
  Network network;
  add_input(network, {2, 2, 2}, "test");
  add_layer(network, Concat{}, {0}, "test");
  Candidates head{{{{{1, 1, 8}, kChannelsLast}, 2}}, {{{0, {0, 4}}, {}, {0, {4, 5}}}}};
  head.groups[0].coefficients = CandidateValues{0, {5, 7}};
  add_layer(network, head, {1}, "test");
  add_output(network, 1, "prototypes", "test");
  return network;
}

TEST(MaskPrototypes, FitTheCoefficientsOfHeads) {
  Network network = with_masks();
  const auto refusal = [&] {
    return error_line<BadInput>([&] { (void)interpret(network, "m.h5"); });
  };
  EXPECT_THAT(refusal(), HasSubstr("2 coefficients of masks for 0 prototypes"));
  const Depiction prototypes{1, {2, 2, 2}, MaskPrototypes{}};
  add_depiction(network, prototypes, "test");
  EXPECT_EQ(network_from_json(to_json(network), "test"), network);
  const Interpretation meaning = interpret(network, "m.h5");
  EXPECT_TRUE(meaning.detects());
  EXPECT_EQ(meaning.prototypes, prototypes);
  network.depictions.front().map = {1, 2, 4};
  EXPECT_THAT(refusal(), HasSubstr("for 4 prototypes"));
  network.depictions = {prototypes, prototypes};
  EXPECT_THAT(refusal(), HasSubstr("twice"));
  network.depictions = {{1, {2, 2, 2}, ClassMap{2}}, prototypes};
  EXPECT_THAT(refusal(), HasSubstr("layer 0 depicts something else"));
}

}  // namespace
}  // namespace vpinfer
