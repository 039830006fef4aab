#include "vision/classification.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "support/error_line.hpp"
#include "vision/hierarchy.hpp"
#include "vision/interpretation.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using Json = nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Classify, PutsTheLikeliestFirst) {
  const std::vector<float> output{0.1F, 0.3F, 0.05F, 0.3F, 0.25F};
  EXPECT_THAT(
      classify(output, {1, 1, 5}, {}, 3),
      ElementsAre(Classification{1, 0.3F}, Classification{3, 0.3F}, Classification{4, 0.25F}));
  EXPECT_EQ(classify(output, {1, 1, 5}, {}, 9).size(), 5U);
}

TEST(Classify, NumbersClassesChannelByChannel) {
  const std::vector<float> output{0.1F, 0.2F, 0.3F, 0.4F};  // 1 x 2 pixels, 2 channels
  EXPECT_THAT(classify(output, {1, 2, 2}, {}, 2),
              ElementsAre(Classification{3, 0.4F}, Classification{1, 0.3F}));
}

TEST(Classify, OfATreeOnlyLeavesCount) {
  // 0 animal, 1 thing, 2 cat, 3 dog, 4 beagle, 5 poodle.
  const std::vector<int> tree{-1, -1, 0, 0, 3, 3};
  const std::vector<float> output{0.75F, 0.25F, 0.5F, 0.5F, 0.25F, 0.75F};
  EXPECT_THAT(classify(output, {1, 1, 6}, tree, 9),
              ElementsAre(Classification{2, 0.375F}, Classification{5, 0.28125F},
                          Classification{1, 0.25F}, Classification{4, 0.09375F}));
}

TEST(Classify, LeavesOutWhatIsNotFinite) {
  const std::vector<float> output{std::numeric_limits<float>::quiet_NaN(), 0.5F,
                                  std::numeric_limits<float>::infinity()};
  EXPECT_THAT(classify(output, {1, 1, 3}, {}, 5), ElementsAre(Classification{1, 0.5F}));
}

TEST(Hierarchy, KnowsLeavesAndProbabilities) {
  const Hierarchy hierarchy({-1, -1, 1, 1});
  EXPECT_TRUE(hierarchy.is_leaf(0));
  EXPECT_FALSE(hierarchy.is_leaf(1));
  EXPECT_THAT(hierarchy.absolute_probabilities(std::vector{0.5F, 0.5F, 0.25F, 0.75F}),
              ElementsAre(0.5F, 0.5F, 0.125F, 0.375F));
}

TEST(ClassificationsJson, HasALinePerPicture) {
  const std::vector<PictureClassifications> pictures{{"dog.jpg", {{1, 0.8125F}, {7, 0.1F}}},
                                                     {"caf\xE9.png", {}}};
  const Json json = Json::parse(classifications_json(pictures, {"cat", "dog"}));
  ASSERT_EQ(json.size(), 2U);
  EXPECT_EQ(json[0], Json::parse(R"({"file_name": "dog.jpg", "classes": [
      {"class_index": 1, "class": "dog", "score": 0.8125},
      {"class_index": 7, "class": "class 7", "score": 0.1}]})"));
  EXPECT_EQ(json[1]["classes"], Json::array());
  EXPECT_EQ(Json::parse(classifications_json({}, {})), Json::array());
}

/// An input, and a layer that reads it.
Network network_with(const Operation& operation, const Shape& shape) {
  Network network;
  add_input(network, shape, "test");
  add_layer(network, operation, {0}, "test");
  return network;
}

TEST(Interpret, ASoftmaxClassifies) {
  const Interpretation meaning = interpret(network_with(Softmax{}, {1, 1, 7}), "m.h5");
  ASSERT_TRUE(meaning.classifier);
  EXPECT_EQ(meaning.classifier->position, 1);
  EXPECT_EQ(meaning.classes, 7);
  EXPECT_FALSE(meaning.detects());
}

TEST(Interpret, LooksThroughCopies) {
  Softmax softmax;
  softmax.tree = {-1, 0, 0};
  Network network = network_with(softmax, {1, 1, 3});
  add_layer(network, Concat{}, {1}, "test");
  add_layer(network, Concat{}, {2}, "test");
  const Interpretation meaning = interpret(network, "m.h5");
  ASSERT_TRUE(meaning.classifier);
  EXPECT_EQ(meaning.classifier->position, 3);
  EXPECT_EQ(meaning.classifier->tree, softmax.tree);
}

TEST(Interpret, OtherSoftmaxesGiveTensors) {
  const auto tensors_only = [](const Network& network) {
    return interpret(network, "m.h5").gives_tensors_only();
  };
  Softmax per_pixel;
  per_pixel.over_rows = per_pixel.over_cols = false;
  EXPECT_TRUE(tensors_only(network_with(per_pixel, {2, 2, 4})));
  EXPECT_FALSE(tensors_only(network_with(per_pixel, {1, 1, 4})));
  EXPECT_EQ(interpret(network_with(Softmax{}, {3, 3, 2}), "m.h5").classes, 18);
  Softmax grouped;
  grouped.groups = 2;
  EXPECT_TRUE(tensors_only(network_with(grouped, {1, 1, 4})));
  EXPECT_TRUE(tensors_only(network_with(Flatten{}, {2, 2, 4})));
  Network two_outputs = network_with(Softmax{}, {1, 1, 4});
  add_layer(two_outputs, Softmax{}, {0}, "test");
  add_output(two_outputs, 1, "a", "test");
  EXPECT_EQ(interpret(two_outputs, "m.h5").classifier->position, 1);
  add_output(two_outputs, 2, "b", "test");
  EXPECT_TRUE(tensors_only(two_outputs));
}

TEST(Interpret, HeadsGoTogether) {
  Network network = network_with(Concat{}, {4, 4, 14});
  add_layer(network, Region{2, false, {{1, 1}, {2, 2}}, {}, {}}, {1}, "test");
  add_layer(network, NanoDet{2, 3, 8}, {1}, "test");
  add_layer(network, Flatten{}, {1}, "test");
  const Interpretation meaning = interpret(network, "m.h5");
  EXPECT_THAT(meaning.heads, ElementsAre(2, 3));
  EXPECT_EQ(meaning.classes, 2);
  EXPECT_FALSE(meaning.classifier);

  add_layer(network, NanoDet{6, 2, 8}, {1}, "test");
  EXPECT_THAT(error_line<BadInput>([&] { (void)interpret(network, "m.h5"); }),
              HasSubstr("m.h5: layer 2 tells 2 classes apart, layer 4 6"));
}

}  // namespace
}  // namespace vpinfer
