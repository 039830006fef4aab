#include "vpinfer/vision/detection.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "vpinfer/base/error.hpp"
#include "vpinfer/vision/coco.hpp"

namespace vpinfer {
namespace {

using Json = nlohmann::json;

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
  return {classes, true, {{1, 1}}};
}

/// Decodes a single cell for a network of 100x100 and a picture of 50x100, threshold 0.3:
/// the letterbox has 25 rows of grey above and below, one pixel is one pixel.
std::vector<Detection> decode_cell(const Region& region, const std::vector<float>& values) {
  return decode_region(region, values, {1, 1, static_cast<int>(values.size())}, {100, 100, 3},
                       Resize::kLetterbox, 50, 100, 0.3F);
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
  const std::vector<Detection> detections = decode_region(
      region_of(1), values, {1, 1, 6}, {100, 100, 3}, Resize::kStretch, 50, 200, 0.3F);
  ASSERT_EQ(detections.size(), 1U);
  expect_box(detections[0], 80, 27.5F, 40, 5);
}

TEST(DecodeRegion, WalksCellsAndAnchors) {
  // 2 rows x 3 cols, 2 anchors, no classes; only cell (1, 2), anchor 1 is confident.
  const Region region{0, false, {{1, 1}, {0.5F, 0.25F}}};
  std::vector<float> values(2 * 3 * 2 * 5, 0);
  const std::size_t entry = ((1 * 3 + 2) * 2 + 1) * 5;
  values[entry + 0] = 0.5F;
  values[entry + 1] = 0.5F;
  values[entry + 4] = 0.7F;
  const std::vector<Detection> detections =
      decode_region(region, values, {2, 3, 10}, {200, 300, 3}, Resize::kStretch, 200, 300, 0.5F);
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

TEST(DecodeRegion, RejectsATensorThatDoesNotFit) {
  EXPECT_THROW(static_cast<void>(decode_cell(region_of(2), std::vector<float>(6))), Bug);
}

TEST(NonMaximumSuppression, KeepsTheBestOfEachClass) {
  const Detection best{0, 0, 10, 10, 3, 0.9F};
  const Detection overlapping{0, 5, 10, 10, 3, 0.8F};  // intersection 50, union 150
  const Detection other_class{0, 0, 10, 10, 4, 0.7F};
  const Detection elsewhere{50, 50, 10, 10, 3, 0.6F};
  const std::vector<Detection> all{elsewhere, overlapping, other_class, best};
  EXPECT_EQ(non_maximum_suppression(all, 0.33F), (std::vector{best, other_class, elsewhere}));
  EXPECT_EQ(non_maximum_suppression(all, 0.34F),
            (std::vector{best, overlapping, other_class, elsewhere}));
}

TEST(NonMaximumSuppression, ASuppressedBoxSuppressesNothing) {
  const Detection first{0, 0, 10, 10, 0, 0.9F};
  const Detection second{4, 0, 10, 10, 0, 0.8F};
  const Detection third{8, 0, 10, 10, 0, 0.7F};  // overlaps the second, hardly the first
  EXPECT_EQ(non_maximum_suppression({third, second, first}, 0.4F), (std::vector{first, third}));
}

TEST(NonMaximumSuppression, TheOrderOfTheInputHasNoInfluence) {
  std::vector<Detection> detections;
  for (int i = 0; i < 6; ++i) {
    detections.push_back({static_cast<float>(4 * (i % 3)), 0, 10, 10, i / 3, 0.5F});
  }
  const std::vector<Detection> expected = non_maximum_suppression(detections, 0.4F);
  ASSERT_EQ(expected.size(), 4U);
  std::reverse(detections.begin(), detections.end());
  EXPECT_EQ(non_maximum_suppression(detections, 0.4F), expected);
  std::rotate(detections.begin(), detections.begin() + 2, detections.end());
  EXPECT_EQ(non_maximum_suppression(detections, 0.4F), expected);
}

TEST(NonMaximumSuppression, DropsWhatIsNotFinite) {
  const Detection sound{0, 0, 10, 10, 0, 0.5F};
  EXPECT_EQ(non_maximum_suppression({{kNan, 0, 1, 1, 0, 0.9F},
                                     {0, 0, kInfinity, 1, 0, 0.9F},
                                     {0, 0, 1, 1, 0, kNan},
                                     sound,
                                     {0, 0, 0, 0, 1, 0.4F}},
                                    0.5F),
            (std::vector{sound, Detection{0, 0, 0, 0, 1, 0.4F}}));
  EXPECT_TRUE(non_maximum_suppression({}, 0.5F).empty());
}

TEST(ClassName, FallsBackToTheNumber) {
  const std::vector<std::string> labels{"cat", "dog"};
  EXPECT_EQ(class_name(labels, 1), "dog");
  EXPECT_EQ(class_name(labels, 2), "class 2");
  EXPECT_EQ(class_name(labels, -1), "class -1");
  EXPECT_EQ(class_name(display_labels({}, 0), 0), "object");
  EXPECT_EQ(class_name(display_labels({}, 20), 7), "class 7");
  EXPECT_EQ(class_name(display_labels({"face"}, 0), 0), "face");
}

TEST(CocoResults, HasCocosFieldsAndNumbers) {
  const std::vector<PictureDetections> pictures{
      {"000000000139.jpg", {{10.004F, 20, 30.25F, 40, 0, 0.82F}, {0, 0, 1, 1, 79, 0.5F}}},
      {"dog.jpg", {{1, 2, 3, 4, 11, 0.25F}}},
      {"empty.jpg", {}}};
  const Json results = Json::parse(coco_results_json(pictures, {}, 80));
  ASSERT_EQ(results.size(), 3U);
  EXPECT_EQ(results[0], Json::parse(R"({"image_id": 139, "category_id": 1, "score": 0.82,
      "bbox": [10.0, 20.0, 30.25, 40.0], "category": "class 0"})"));
  EXPECT_EQ(results[1]["category_id"], 90);
  EXPECT_EQ(results[2]["image_id"], "dog.jpg");
  EXPECT_EQ(results[2]["category_id"], 13);  // COCO's stop sign: 12 is not used
}

TEST(CocoResults, NumbersOtherNetworksFromOne) {
  const std::vector<PictureDetections> pictures{{"12a.png", {{1, 2, 3, 4, 11, 0.25F}}}};
  std::vector<std::string> labels(80, "other");
  EXPECT_EQ(Json::parse(coco_results_json(pictures, labels, 80))[0]["category_id"], 12);
  EXPECT_EQ(Json::parse(coco_results_json(pictures, {}, 20))[0]["category_id"], 12);
  labels.front() = "person";
  labels.back() = "toothbrush";
  EXPECT_EQ(Json::parse(coco_results_json(pictures, labels, 80))[0]["category_id"], 13);
  EXPECT_EQ(Json::parse(coco_results_json(pictures, {}, 0))[0]["image_id"], "12a.png");
}

TEST(CocoResults, AreAlwaysJson) {
  EXPECT_EQ(Json::parse(coco_results_json({}, {}, 80)), Json::array());
  const std::vector<PictureDetections> pictures{{"caf\xE9 \"1\".jpg", {{1, 2, 3, 4, 0, 0.25F}}},
                                                {"99999999999999999999.jpg", {{}}}};
  const Json results = Json::parse(coco_results_json(pictures, {}, 0));
  EXPECT_EQ(results[0]["category"], "object");
  EXPECT_EQ(results[1]["image_id"], "99999999999999999999.jpg");
}

}  // namespace
}  // namespace vpinfer
