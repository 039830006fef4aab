#include "vision/annotate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "vision/palette.hpp"
#include "vision/test_picture.hpp"
#include "vpinfer/box.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

const std::vector<std::string> kLabels{"dog", "truck"};

bool is_same_pixel(const Picture& a, const Picture& b, int row, int col) {
  const auto offset = static_cast<std::ptrdiff_t>(row * a.cols + col) * 3;
  return std::equal(a.rgb.begin() + offset, a.rgb.begin() + offset + 3, b.rgb.begin() + offset);
}

/// How many pixels differ between two pictures of the same size, within some rows and columns.
int changed_pixels(const Picture& a, const Picture& b, Interval rows, Interval cols) {
  int count = 0;
  for (int row = rows.begin; row < rows.end; ++row) {
    for (int col = cols.begin; col < cols.end; ++col)
      count += is_same_pixel(a, b, row, col) ? 0 : 1;
  }
  return count;
}

int changed_pixels(const Picture& a, const Picture& b) {
  return changed_pixels(a, b, {0, a.rows}, {0, a.cols});
}

TEST(Annotate, DrawsTheBoxAndLeavesTheRest) {
  const Picture picture = test_picture(400, 400);
  const std::vector<Detection> detections{{200, 200, 150, 120, 0, 0.82F}};
  const Picture annotated = annotate(picture, detections, kLabels);
  ASSERT_EQ(annotated.rows, picture.rows);
  ASSERT_EQ(annotated.cols, picture.cols);
  // All four sides, away from the corners.
  EXPECT_EQ(changed_pixels(picture, annotated, {210, 310}, {199, 201}), 200);
  EXPECT_EQ(changed_pixels(picture, annotated, {210, 310}, {349, 351}), 200);
  EXPECT_EQ(changed_pixels(picture, annotated, {199, 201}, {210, 340}), 260);
  EXPECT_EQ(changed_pixels(picture, annotated, {319, 321}, {210, 340}), 260);
  // The inside, and all that is further away than a line's or a tag's width.
  EXPECT_EQ(changed_pixels(picture, annotated, {205, 315}, {205, 345}), 0);
  EXPECT_EQ(changed_pixels(picture, annotated, {0, 180}, {0, 400}), 0);
  EXPECT_EQ(changed_pixels(picture, annotated, {325, 400}, {0, 400}), 0);
  EXPECT_EQ(changed_pixels(picture, annotated, {0, 400}, {0, 195}), 0);
  EXPECT_EQ(changed_pixels(picture, annotated, {0, 400}, {355, 400}), 0);
  // The tag sits on the box's upper left corner.
  EXPECT_GT(changed_pixels(picture, annotated, {186, 197}, {205, 235}), 300);
}

TEST(Annotate, LaysMasksUnderTheBox) {
  const Picture picture = test_picture(400, 400);
  Detection detection{200, 200, 150, 120, 0, 0.82F};
  const Picture boxed = annotate(picture, std::vector{detection}, kLabels);
  detection.mask = Mask{400, 400, {220 * 400 + 240, 40, 400 * 400 - 220 * 400 - 280}};
  const Picture masked = annotate(picture, std::vector{detection}, kLabels);
  // A column of forty pixels within the box, and nothing else.
  EXPECT_EQ(changed_pixels(boxed, masked, {240, 280}, {220, 221}), 40);
  EXPECT_EQ(changed_pixels(boxed, masked), 40);
}

TEST(Annotate, NoDetectionsNoChange) {
  const Picture picture = test_picture(33, 47);
  EXPECT_EQ(annotate(picture, {}, kLabels), picture);
}

TEST(Annotate, KeepsTheTagInsideThePicture) {
  const Picture picture = test_picture(300, 300);
  // No room above: the tag goes inside, and nothing below the box's upper part changes but lines.
  const std::vector<Detection> detections{{0, 0, 300, 300, 1, 0.5F}};
  const Picture annotated = annotate(picture, detections, kLabels);
  EXPECT_GT(changed_pixels(picture, annotated, {4, 12}, {4, 40}), 250);
  EXPECT_EQ(changed_pixels(picture, annotated, {20, 295}, {5, 295}), 0);
}

TEST(Annotate, TagsOfEqualBoxesDoNotHideEachOther) {
  const Picture picture = test_picture(400, 400);
  const Detection first{100, 150, 200, 100, 0, 0.9F};
  const Detection second{100, 150, 200, 100, 1, 0.8F};
  const Picture one = annotate(picture, std::vector{first}, kLabels);
  const Picture both = annotate(picture, std::vector{first, second}, kLabels);
  // The first tag, above the left corner, is as it was; the second adds pixels of its own.
  EXPECT_EQ(changed_pixels(one, both, {130, 147}, {100, 150}), 0);
  EXPECT_GT(changed_pixels(one, both), 400);
}

TEST(Annotate, SurvivesExtremePicturesAndBoxes) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<Detection> detections{
      {0, 0, 1, 1, 0, 0.9F},         {-50, -50, 1e9F, 1e9F, 1, 0.8F}, {1e9F, 1e9F, 5, 5, 7, 0.7F},
      {0, 0, 0, 0, -1, 0.6F},        {5, 5, -3, -3, 2, 0.5F},         {nan, 0, 5, 5, 0, 0.4F},
      {0, 0, 5, 5, 1'000'000, 0.3F},
  };
  for (const Picture& picture :
       {test_picture(1, 1), test_picture(1, 200), test_picture(200, 1), test_picture(40, 40)}) {
    const Picture annotated = annotate(picture, detections, kLabels);
    EXPECT_EQ(annotated.rgb.size(), picture.rgb.size());
    EXPECT_GT(changed_pixels(picture, annotated), 0);
  }
}

TEST(Annotate, RejectsWhatCannotBeDrawn) {
  const std::vector<Detection> detections{{1, 1, 5, 5, 0, 0.5F}};
  EXPECT_THROW(static_cast<void>(annotate(test_picture(9, 9), detections, {"caf\xE9"})), BadInput);
  EXPECT_THROW(static_cast<void>(annotate(test_picture(1, 40'000), detections, kLabels)), BadInput);
}

TEST(Palette, EightyClassesDiffer) {
  double smallest = 1;
  for (int i = 0; i < 80; ++i) {
    for (int j = 0; j < i; ++j) {
      const Colour a = class_colour(i);
      const Colour b = class_colour(j);
      smallest = std::min(smallest, std::hypot(a.red - b.red, a.green - b.green, a.blue - b.blue));
    }
  }
  EXPECT_GT(smallest, 0.01);
  EXPECT_EQ(class_colour(5), class_colour(5));
}

TEST(Palette, TextContrastsWithItsBackground) {
  EXPECT_EQ(text_colour({0, 0, 0}), (Colour{1, 1, 1}));
  EXPECT_LT(text_colour({1, 1, 0.5}).red, 0.1);
}

TEST(TestPicture, IsTheSameEverywhere) {
  // FNV-1a of the bytes, as made by x86-64, GCC 12.
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const std::uint8_t byte : test_picture(123, 77).rgb) hash = (hash ^ byte) * 0x100000001B3U;
  EXPECT_EQ(hash, 7185163122842849072U);
}

TEST(TestPicture, HasEveryShapeAndFullRange) {
  for (const int rows : {1, 2, 57}) {
    for (const int cols : {1, 3, 640}) {
      const Picture picture = test_picture(rows, cols);
      EXPECT_EQ(picture.rgb.size(), static_cast<std::size_t>(rows * cols * 3));
    }
  }
  const Picture picture = test_picture(208, 208);
  const auto [darkest, brightest] = std::minmax_element(picture.rgb.begin(), picture.rgb.end());
  EXPECT_LT(*darkest, 20);
  EXPECT_GT(*brightest, 250);
  EXPECT_THROW(static_cast<void>(test_picture(0, 5)), Bug);
}

}  // namespace
}  // namespace vpinfer
