// Detectors that give a row of numbers for each candidate: gathering, decoding, what must fit.

#include "kernel/candidates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "net/network.hpp"
#include "support/error_line.hpp"
#include "vision/heads.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pointwise;
using testing::SizeIs;

/// One tensor [1, count, values] of box, objectness and scores.
Candidates rows_of(int count, int scores) {
  return {{{{{1, count, 5 + scores}, kChannelsLast}, 2}},
          {{{0, {0, 4}}, CandidateValues{0, {4, 5}}, {0, {5, 5 + scores}}}}};
}

/// In a picture of 100 x 200 that a network of 50 x 100 has seen.
std::vector<Detection> decoded(const Candidates& head, const std::vector<float>& output,
                               float threshold = 0.5F) {
  const PictureFrame frame(Resize::kStretch, 100, 200, {50, 100, 3});
  const int rows = static_cast<int>(output.size()) / head.channels();
  return decode(head, output, {rows, 1, head.channels()}, frame, threshold);
}

void expect_box(const Detection& found, float left, float top, float width, float height) {
  EXPECT_NEAR(found.left, left, 1e-3);
  EXPECT_NEAR(found.top, top, 1e-3);
  EXPECT_NEAR(found.width, width, 1e-3);
  EXPECT_NEAR(found.height, height, 1e-3);
}

void expect_keypoint(const Keypoint& found, float x, float y, float score) {
  EXPECT_NEAR(found.x, x, 1e-3);
  EXPECT_NEAR(found.y, y, 1e-3);
  EXPECT_EQ(found.score, score);
}

TEST(GatherCandidates, FindsValuesAlongAnyAxis) {
  // Scores as [1, 2, 1, 2] (a picture), boxes as [1, 4, 2]: two candidates.
  Candidates head{{{{{1, 4, 2}, kChannelsLast}, 1}, {{{1, 2, 1, 2}, kChannelsFirst}, 1}},
                  {{{0, {0, 4}}, {}, {1, {0, 2}}}}};
  const std::vector<float> boxes{1, 10, 2, 20, 3, 30, 4, 40};
  const std::vector<float> scores{5, 6, 50, 60};  // [1 row][2 cols][2 channels]
  const std::vector<ConstTensorView> inputs{{boxes.data(), whole({4, 1, 2})},
                                            {scores.data(), whole({1, 2, 2})}};
  std::vector<float> output(12);
  gather_candidates(head, inputs, {output.data(), whole({2, 1, 6})}, whole({2, 1, 6}));
  EXPECT_THAT(output, ElementsAre(1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60));
  std::vector<float> second(6);
  const Box box{{1, 2}, {0, 1}, {0, 6}};
  gather_candidates(head, inputs, {second.data(), box}, box);
  EXPECT_THAT(second, ElementsAre(10, 20, 30, 40, 50, 60));
}

TEST(GatherCandidates, MakesProbabilities) {
  Candidates head{{{{{1, 1, 11}, kChannelsLast}, 2}}, {{{0, {0, 8}}, {}, {0, {8, 11}}}}};
  head.bins = 2;
  head.scores = ScoreKind::kSoftmaxLogits;
  const std::vector<float> logits{0, 0, 0, std::log(3.0F), 0, 0, 0, 0, 0, 0, std::log(2.0F)};
  std::vector<float> output(11);
  const Box all = whole({1, 1, 11});
  gather_candidates(head, std::vector<ConstTensorView>{{logits.data(), all}}, {output.data(), all},
                    all);
  const std::vector<float> wanted{.5F, .5F, .25F, .75F, .5F, .5F, .5F, .5F, .25F, .25F, .5F};
  EXPECT_THAT(output, Pointwise(FloatNear(1e-6F), wanted));
}

TEST(DecodeCandidates, TakesCentresAndCorners) {
  Candidates head = rows_of(1, 2);
  const std::vector<float> row{50, 20, 10, 8, 0.9F, 0.1F, 0.8F};
  auto found = decoded(head, row);
  ASSERT_THAT(found, SizeIs(1));
  expect_box(found[0], 90, 32, 20, 16);
  EXPECT_EQ(found[0].class_index, 1);
  EXPECT_NEAR(found[0].score, 0.72, 1e-6);
  head.box = CandidateBox::kCorners;
  head.unit = BoxUnit::kShares;
  found = decoded(head, {0.25F, 0.5F, 0.5F, 0.75F, 1, 0.1F, 0.8F});
  ASSERT_THAT(found, SizeIs(1));
  expect_box(found[0], 50, 50, 50, 25);
  EXPECT_THAT(decoded(head, row, 0.99F), IsEmpty());
}

TEST(DecodeCandidates, PutsOffsetsOnAnchors) {
  Candidates head = rows_of(4, 1);
  head.box = CandidateBox::kOffsets;
  head.grids = {{1, 2, 10, {{1, 1}, {2, 3}}}};
  head.centre_gain = 0.1F;
  head.size_gain = 0.5F;
  std::vector<float> output(24, 0);
  const std::vector<float> last{1, 2, 2 * std::log(2.0F), 0, 1, 1};  // of the second cell
  std::copy(last.begin(), last.end(), output.end() - 6);
  const auto found = decoded(head, output);
  ASSERT_THAT(found, SizeIs(1));
  // In the network's pixels: centre (15 + 0.1 * 20, 5 + 0.2 * 30), 20 * 2 x 30.
  expect_box(found[0], 0, 0, 74, 52);
}

TEST(DecodeCandidates, SpreadsCellsOverAnInputThatIsNoMultipleOfThem) {
  Candidates head = rows_of(8, 1);
  head.box = CandidateBox::kOffsets;
  head.grids = {{2, 4, 32, {{0.5F, 0.5F}}}};
  head.spread = true;
  std::vector<float> output(48, 0);
  output[46] = output[47] = 1;  // the last cell, 25 x 25 pixels of the network's input
  const auto found = decoded(head, output);
  ASSERT_THAT(found, SizeIs(1));
  expect_box(found[0], 159, 59, 32, 32);
}

TEST(DecodeCandidates, TakesDistancesFromPoints) {
  Candidates head{{{{{1, 2, 9}, kChannelsLast}, 2}}, {{{0, {0, 8}}, {}, {0, {8, 9}}}}};
  head.box = CandidateBox::kDistances;
  head.bins = 2;
  head.grids = {{1, 2, 20}};
  std::vector<float> output(18, 0);
  // Of the second cell, whose middle is at 30, 10: 0.5 cells to the left, none up, 1, 0.25.
  const std::vector<float> last{0.5F, 0.5F, 1, 0, 0, 1, 0.75F, 0.25F, 0.9F};
  std::copy(last.begin(), last.end(), output.end() - 9);
  const auto found = decoded(head, output);
  ASSERT_THAT(found, SizeIs(1));
  expect_box(found[0], 40, 20, 60, 10);
}

TEST(DecodeCandidates, LeavesTheBackgroundOut) {
  Candidates head{{{{{1, 1, 7}, kChannelsLast}, 2}}, {{{0, {0, 4}}, {}, {0, {4, 7}}}}};
  head.background = Background::kFirst;
  EXPECT_EQ(class_count(head), 2);
  EXPECT_THAT(decoded(head, {50, 20, 10, 8, 0.9F, 0, 0.1F}), IsEmpty());
  const auto found = decoded(head, {50, 20, 10, 8, 0.1F, 0, 0.9F});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].class_index, 1);
  head.background = Background::kLast;
  EXPECT_THAT(decoded(head, {50, 20, 10, 8, 0.1F, 0, 0.9F}), IsEmpty());
  const auto other = decoded(head, {50, 20, 10, 8, 0.1F, 0.8F, 0.1F});
  ASSERT_THAT(other, SizeIs(1));
  EXPECT_EQ(other[0].class_index, 1);
}

/// One candidate of a box, two scores and two points.
Candidates with_points(int values_per_point) {
  const int points = 2 * values_per_point;
  Candidates head{{{{{1, 1, 6 + points}, kChannelsLast}, 2}}, {{{0, {0, 4}}, {}, {0, {4, 6}}}}};
  head.groups[0].points = CandidateValues{0, {6, 6 + points}};
  head.values_per_point = values_per_point;
  return head;
}

TEST(GatherCandidates, TakesRootsOfScoresOnly) {
  Candidates head = with_points(2);
  head.scores = ScoreKind::kSquares;
  const std::vector<float> values{4, 4, 4, 4, 0.25F, -1, 4, 4, 4, 4};
  std::vector<float> output(10);
  const Box all = whole({1, 1, 10});
  gather_candidates(head, std::vector<ConstTensorView>{{values.data(), all}}, {output.data(), all},
                    all);
  EXPECT_THAT(output, ElementsAre(4, 4, 4, 4, 0.5F, 0, 4, 4, 4, 4));
}

TEST(DecodeCandidates, PutsPointsIntoThePicture) {
  const auto found = decoded(with_points(3), {50, 20, 10, 8, 0.1F, 0.8F, 45, 20, 0.5F, -1, 60, 1});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].class_index, 1);
  ASSERT_THAT(found[0].keypoints, SizeIs(2));
  expect_keypoint(found[0].keypoints[0], 90, 40, 0.5F);
  expect_keypoint(found[0].keypoints[1], -2, 120, 1);
}

/// Points and coefficients of masks, the latter in a tensor of their own.
TEST(DecodeCandidates, KeepsCoefficientsBesidePoints) {
  Candidates head = with_points(2);
  head.tensors.push_back({{{1, 1, 3}, kChannelsLast}, 2});
  head.groups[0].coefficients = CandidateValues{1, {0, 3}};
  head.scores = ScoreKind::kSquares;
  EXPECT_EQ(shape_of_candidates(head, {{1, 1, 10}, {1, 1, 3}}, "here"), (Shape{1, 1, 13}));
  const std::vector<float> values{50, 20, 10, 8, 0.01F, 0.64F, 45, 20, -1, 60};
  const std::vector<float> coefficients{-4, 0.25F, 9};
  std::vector<float> output(13);
  const Box all = whole({1, 1, 13});
  const std::vector<ConstTensorView> inputs{{values.data(), whole({1, 1, 10})},
                                            {coefficients.data(), whole({1, 1, 3})}};
  gather_candidates(head, inputs, {output.data(), all}, all);
  const auto found = decoded(head, output);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_NEAR(found[0].score, 0.8, 1e-6);
  ASSERT_TRUE(found[0].coefficients);
  EXPECT_THAT(*found[0].coefficients, ElementsAre(-4, 0.25F, 9));
  ASSERT_THAT(found[0].keypoints, SizeIs(2));
  expect_keypoint(found[0].keypoints[1], -2, 120, 1);
  output.back() = std::numeric_limits<float>::infinity();
  EXPECT_THAT(non_maximum_suppression(decoded(head, output), {0.5F}), IsEmpty());
}

TEST(DecodeCandidates, PutsPointsOnAnchors) {
  Candidates head = with_points(2);
  head.box = CandidateBox::kOffsets;
  head.grids = {{1, 1, 20, {{1, 2}}}};
  head.centre_gain = 0.5F;
  const auto found = decoded(head, {0, 0, 0, 0, 0.1F, 0.8F, 1, 1, 0, 0});
  ASSERT_THAT(found, SizeIs(1));
  ASSERT_THAT(found[0].keypoints, SizeIs(2));
  expect_keypoint(found[0].keypoints[0], 40, 60, 1);
  expect_keypoint(found[0].keypoints[1], 20, 20, 1);
}

TEST(DecodeCandidates, TakesSizesInAnchors) {
  Candidates head = rows_of(2, 1);
  head.box = CandidateBox::kSizes;
  head.point = 0;
  head.grids = {{1, 2, 20, {{1, 0.5F}}}};
  std::vector<float> output(12, 0);
  // Of the second cell, whose corner is at 20, 0: half a cell to the right and down, 1 x 2 anchors.
  const std::vector<float> last{0.5F, 1, 1, 2, 1, 0.9F};
  std::copy(last.begin(), last.end(), output.end() - 6);
  const auto found = decoded(head, output);
  ASSERT_THAT(found, SizeIs(1));
  expect_box(found[0], 40, 0, 40, 40);
}

TEST(GatherCandidates, JoinsCentresAndSizes) {
  Candidates head{{{{{1, 2, 1, 1}, kChannelsFirst}, 1},
                   {{{1, 2, 1, 1}, kChannelsFirst}, 1},
                   {{{1, 1, 1, 1}, kChannelsFirst}, 1}},
                  {{{0, {0, 2}}, {}, {2, {0, 1}}}}};
  head.groups[0].size = CandidateValues{1, {0, 2}};
  const std::vector<float> centre{1, 2};
  const std::vector<float> size{3, 4};
  const std::vector<float> score{5};
  const Box pair = whole({1, 1, 2});
  const std::vector<ConstTensorView> inputs{
      {centre.data(), pair}, {size.data(), pair}, {score.data(), whole({1, 1, 1})}};
  EXPECT_EQ(shape_of_candidates(head, {{1, 1, 2}, {1, 1, 2}, {1, 1, 1}}, "here"), (Shape{1, 1, 5}));
  std::vector<float> output(5);
  const Box all = whole({1, 1, 5});
  gather_candidates(head, inputs, {output.data(), all}, all);
  EXPECT_THAT(output, ElementsAre(1, 2, 3, 4, 5));
  head.bins = 2;
  const std::vector<Shape> shapes{{1, 1, 2}, {1, 1, 2}, {1, 1, 1}};
  EXPECT_THAT(error_line<BadInput>([&] { (void)shape_of_candidates(head, shapes, "here"); }),
              HasSubstr("no bins"));
}

TEST(DecodeCandidates, DropsPointsThatAreNotFinite) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto found = decoded(with_points(2), {50, 20, 10, 8, 0.1F, 0.8F, nan, 20, 1, 1});
  EXPECT_THAT(non_maximum_suppression(found, {0.5F}), IsEmpty());
}

TEST(DecodeCandidates, KeepsOverlapsThatTheGraphChose) {
  Candidates head = rows_of(1, 2);
  EXPECT_EQ(overlap_rule(head, 0.4F, 10, 10).threshold, 0.4F);
  head.overlaps = false;
  EXPECT_EQ(overlap_rule(head, 0.4F, 10, 10).threshold, 1);
}

std::string refusal(const Candidates& head, const Shape& input) {
  return error_line<BadInput>([&] { (void)shape_of_candidates(head, {input}, "here"); });
}

TEST(CandidateShape, RefusesWhatDoesNotFit) {
  EXPECT_EQ(shape_of_candidates(rows_of(6, 2), {{6, 1, 7}}, "here"), (Shape{6, 1, 7}));
  EXPECT_THAT(refusal(rows_of(6, 2), {6, 1, 8}), HasSubstr("1x6x7"));
  EXPECT_THAT(refusal(rows_of(6, 0), {6, 1, 5}), HasSubstr("no class"));
  Candidates head = rows_of(6, 2);
  head.box = CandidateBox::kDistances;
  EXPECT_THAT(refusal(head, {6, 1, 7}), HasSubstr("grids have 0"));
  head.bins = 2;
  EXPECT_THAT(refusal(head, {6, 1, 7}), HasSubstr("8 wanted"));
  head = rows_of(6, 2);
  head.groups[0].scores.input = 1;
  EXPECT_THAT(refusal(head, {6, 1, 7}), HasSubstr("no input number 1"));
  head = with_points(3);
  EXPECT_EQ(shape_of_candidates(head, {{1, 1, 12}}, "here"), (Shape{1, 1, 12}));
  head.values_per_point = 4;
  EXPECT_THAT(refusal(head, {1, 1, 12}), HasSubstr("2 or 3 values"));
  head = with_points(2);
  head.values_per_point = 3;
  EXPECT_THAT(refusal(head, {1, 1, 10}), HasSubstr("no points of 3"));
  head = with_points(2);
  head.groups[0].points->values = {8, 12};
  EXPECT_THAT(refusal(head, {1, 1, 10}), HasSubstr("4 wanted"));
  head = with_points(2);
  head.groups[0].coefficients = CandidateValues{0, {8, 12}};
  EXPECT_THAT(refusal(head, {1, 1, 10}), HasSubstr("4 wanted"));
}

TEST(CandidateJson, KeepsEverything) {
  Network network;
  network.name = "n";
  add_input(network, {6, 1, 7}, "test");
  Candidates head = rows_of(6, 2);
  head.box = CandidateBox::kSizes;
  head.grids = {{3, 1, 8, {{1, 2}, {3, 4}}}};
  head.point = 0;
  head.centre_gain = 0.5F;
  head.scores = ScoreKind::kSoftmaxLogits;
  head.groups[0].box.values = {0, 2};
  head.groups[0].size = CandidateValues{0, {2, 4}};
  head.groups[0].scores.values = {5, 7};
  head.background = Background::kLast;
  head.groups[0].points = CandidateValues{0, {3, 6}};
  head.groups[0].coefficients = CandidateValues{0, {2, 5}};
  head.values_per_point = 3;
  head.overlaps = false;
  add_layer(network, head, {0}, "test");
  add_output(network, 1, "boxes", "test");
  network.threshold = 0.25F;
  network.normalisation.resize = Resize::kTopLeft;
  network.normalisation.fill = 114;
  EXPECT_EQ(network_from_json(to_json(network), "test"), network);
}

}  // namespace
}  // namespace vpinfer
