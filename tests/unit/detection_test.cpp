#include "vision/detection.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "vision/coco.hpp"

namespace vpinfer {
namespace {

using Json = nlohmann::json;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(NonMaximumSuppression, KeepsTheBestOfEachClass) {
  const Detection best{0, 0, 10, 10, 3, 0.9F};
  const Detection overlapping{0, 5, 10, 10, 3, 0.8F};  // intersection 50, union 150
  const Detection other_class{0, 0, 10, 10, 4, 0.7F};
  const Detection elsewhere{50, 50, 10, 10, 3, 0.6F};
  const std::vector<Detection> all{elsewhere, overlapping, other_class, best};
  EXPECT_EQ(non_maximum_suppression(all, {0.33F}), (std::vector{best, other_class, elsewhere}));
  EXPECT_EQ(non_maximum_suppression(all, {0.34F}),
            (std::vector{best, overlapping, other_class, elsewhere}));
}

TEST(NonMaximumSuppression, ASuppressedBoxSuppressesNothing) {
  const Detection first{0, 0, 10, 10, 0, 0.9F};
  const Detection second{4, 0, 10, 10, 0, 0.8F};
  const Detection third{8, 0, 10, 10, 0, 0.7F};  // overlaps the second, hardly the first
  EXPECT_EQ(non_maximum_suppression({third, second, first}, {0.4F}), (std::vector{first, third}));
}

TEST(NonMaximumSuppression, TheOrderOfTheInputHasNoInfluence) {
  std::vector<Detection> detections;
  for (int i = 0; i < 6; ++i) {
    detections.push_back({static_cast<float>(4 * (i % 3)), 0, 10, 10, i / 3, 0.5F});
  }
  const std::vector<Detection> expected = non_maximum_suppression(detections, {0.4F});
  ASSERT_EQ(expected.size(), 4U);
  std::reverse(detections.begin(), detections.end());
  EXPECT_EQ(non_maximum_suppression(detections, {0.4F}), expected);
  std::rotate(detections.begin(), detections.begin() + 2, detections.end());
  EXPECT_EQ(non_maximum_suppression(detections, {0.4F}), expected);
}

/// Two boxes of 10 x 10, 2 apart along a row: they share 8/12 of what they cover.  Their centres
/// lie 2 apart, opposite corners of the box around both 12 and 10.
TEST(NonMaximumSuppression, MayCountTheDistance) {
  const Detection best{0, 0, 10, 10, 0, 0.9F};
  const Detection other{2, 0, 10, 10, 0, 0.8F};
  const auto kept = [&](float threshold, const DistanceRule& distance) {
    return non_maximum_suppression({best, other}, {threshold, distance}).size();
  };
  const float shared = 8.0F / 12;
  const float square = 4.0F / 244;
  EXPECT_EQ(kept(shared - square - 0.001F, {1, 1, 1}), 1U);
  EXPECT_EQ(kept(shared - square + 0.001F, {1, 1, 1}), 2U);
  const float root = std::sqrt(square);
  EXPECT_EQ(kept(shared - root - 0.001F, {0.5F, 1, 1}), 1U);
  EXPECT_EQ(kept(shared - root + 0.001F, {0.5F, 1, 1}), 2U);
  // In a picture twice as wide as high, distances along rows count half.
  const float wide = 1.0F / (36 + 100);
  EXPECT_EQ(kept(shared - wide - 0.001F, {1, 1, 2}), 1U);
  EXPECT_EQ(kept(shared - wide + 0.001F, {1, 1, 2}), 2U);
  EXPECT_EQ(kept(shared, {0.6F, 1, 1}), 2U);
}

TEST(NonMaximumSuppression, DropsWhatIsNotFinite) {
  const Detection sound{0, 0, 10, 10, 0, 0.5F};
  EXPECT_EQ(non_maximum_suppression({{kNan, 0, 1, 1, 0, 0.9F},
                                     {0, 0, kInfinity, 1, 0, 0.9F},
                                     {0, 0, 1, 1, 0, kNan},
                                     sound,
                                     {0, 0, 0, 0, 1, 0.4F}},
                                    {0.5F}),
            (std::vector{sound, Detection{0, 0, 0, 0, 1, 0.4F}}));
  EXPECT_TRUE(non_maximum_suppression({}, {0.5F}).empty());
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

TEST(CocoResults, TellPoints) {
  Detection detection{1, 2, 3, 4, 0, 0.25F};
  detection.keypoints = {{1.5F, -2, 0.75F}, {3, 4}};
  const std::vector<PictureDetections> pictures{{"1.jpg", {detection, {1, 2, 3, 4, 0, 0.25F}}}};
  const Json results = Json::parse(coco_results_json(pictures, {}, 1));
  EXPECT_EQ(results[0]["keypoints"], Json::parse("[1.5, -2.0, 0.75, 3.0, 4.0, 1.0]"));
  EXPECT_FALSE(results[1].contains("keypoints"));
}

TEST(CocoResults, TellMasks) {
  Detection detection{0, 0, 2, 2, 0, 0.25F};
  detection.mask = Mask{2, 3, {1, 2, 3}};
  const std::vector<PictureDetections> pictures{{"1.jpg", {detection, {1, 2, 3, 4, 0, 0.25F}}}};
  const Json results = Json::parse(coco_results_json(pictures, {}, 1));
  EXPECT_EQ(results[0]["segmentation"], Json::parse(R"({"size": [2, 3], "counts": "123"})"));
  EXPECT_FALSE(results[1].contains("segmentation"));
}

TEST(CocoResults, AreAlwaysJson) {
  EXPECT_EQ(Json::parse(coco_results_json({}, {}, 80)), Json::array());
  const std::vector<PictureDetections> pictures{{"caf\xE9 \"1\".jpg", {{1, 2, 3, 4, 0, 0.25F}}},
                                                {"99999999999999999999.jpg", {{}}}};
  const Json results = Json::parse(coco_results_json(pictures, {}, 0));
  EXPECT_EQ(results[0]["category"], "object");
  EXPECT_EQ(results[1]["image_id"], "99999999999999999999.jpg");
}

TEST(NonMaximumSuppression, LooksAtTheBestOfVeryMany) {
  std::vector<Detection> detections;
  for (int i = 0; i < 2 * static_cast<int>(kMostCandidates); ++i) {
    const auto at = static_cast<float>(i);
    detections.push_back({2 * at, 0, 1, 1, i % 50, at});  // all apart
  }
  const std::vector<Detection> kept = non_maximum_suppression(detections, {0.5F});
  EXPECT_EQ(kept.size(), kMostCandidates);
  EXPECT_EQ(kept.front(), detections.back());
  EXPECT_EQ(kept.back(), detections[kMostCandidates]);
}

}  // namespace
}  // namespace vpinfer
