#include "plan/plan_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "search/planner.hpp"
#include "support/every_plan.hpp"
#include "support/random_network.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;

/// Input 8x6x4, a convolution, and a region, on 3 ranks.
Network small_network() {
  Network network;
  network.name = "small";
  network.layers.push_back({Input{}, {}, {8, 6, 4}});
  const Window window{3, 1, 1, 1};
  add_layer(network, Convolution{14, 1, window, window, Activation::kLeaky}, {0}, "test");
  add_layer(network, Region{2, true, {{1, 1}, {2, 2}}}, {1}, "test");
  return network;
}

std::string refusal_of(const std::string& text) {
  try {
    (void)plan_from_json(text, small_network(), "plan.json");
  } catch (const BadInput& e) {
    EXPECT_THAT(e.what(), testing::StartsWith("plan.json: "));
    return e.what();
  }
  ADD_FAILURE() << "accepted";
  return {};
}

std::string refusal_after(const std::function<void(Json&)>& damage) {
  Json j = Json::parse(to_json(make_plan(small_network(), Strategy::kData, 3)));
  damage(j);
  return refusal_of(j.dump());
}

TEST(PlanJson, SurvivesTheRoundTrip) {
  for_every_plan({0, 60}, [](const Network& network, const Plan& plan) {
    EXPECT_EQ(plan_from_json(to_json(plan), network, "plan.json"), plan);
  });
}

TEST(PlanJson, RefusesWhatIsNoPlan) {
  (void)refusal_of("");
  (void)refusal_of("[]");
  (void)refusal_of("{}");
  (void)refusal_of("3");
  const std::string text = to_json(make_plan(small_network(), Strategy::kData, 3));
  (void)refusal_of(text.substr(0, text.size() - 1));
}

TEST(PlanJson, RefusesAnotherSchema) {
  EXPECT_THAT(refusal_after([](Json& j) { j["schema"] = 2; }), HasSubstr("schema 2"));
  (void)refusal_after([](Json& j) { j["schema"] = "1"; });
  (void)refusal_after([](Json& j) { j.erase("schema"); });
}

TEST(PlanJson, RefusesKeysThatItDoesNotKnow) {
  EXPECT_THAT(refusal_after([](Json& j) { j["wires"] = "half"; }), HasSubstr("'wires' is unknown"));
}

TEST(PlanJson, RefusesWrongTypesAndNames) {
  EXPECT_THAT(refusal_after([](Json& j) { j["strategy"] = "diagonal"; }), HasSubstr("diagonal"));
  (void)refusal_after([](Json& j) { j["strategy"] = 1; });
  (void)refusal_after([](Json& j) { j["ranks"] = "three"; });
  (void)refusal_after([](Json& j) { j["layouts"] = "none"; });
  (void)refusal_after([](Json& j) { j["layouts"][1] = 5; });
  (void)refusal_after([](Json& j) { j["layouts"][1][0] = Json::object(); });
  (void)refusal_after([](Json& j) { j["layouts"][1][0][3] = "6"; });
  (void)refusal_after([](Json& j) { j["layouts"][1][0] = {0, 8, 0, 6}; });
  (void)refusal_after([](Json& j) { j["layouts"][1][0] = nullptr; });
}

TEST(PlanJson, NamesTheWireFormatIfItIsNotFloat) {
  const Network network = small_network();
  const Plan plan = make_plan(network, Strategy::kData, 3);
  EXPECT_FALSE(Json::parse(to_json(plan)).contains("wire"));
  EXPECT_EQ(Json::parse(to_json(with_wire(plan, WireFormat::kHalf))).at("wire"), "half");
  Json j = Json::parse(to_json(plan));
  j["wire"] = "float";
  EXPECT_EQ(plan_from_json(j.dump(), network, "plan.json"), plan);
  EXPECT_THAT(refusal_after([](Json& damaged) { damaged["wire"] = "double"; }),
              HasSubstr("unknown wire format 'double'; there are float, half, int8"));
  (void)refusal_after([](Json& damaged) { damaged["wire"] = 2; });
  (void)refusal_after([](Json& damaged) { damaged["wire"] = nullptr; });
}

TEST(PlanJson, NamesTheConvolutionsIfTheyKeepToBlas) {
  const Network network = small_network();
  const Plan plan = make_plan(network, Strategy::kData, 3);
  EXPECT_FALSE(Json::parse(to_json(plan)).contains("conv"));
  EXPECT_EQ(Json::parse(to_json(with_blas(plan))).at("conv"), "blas");
  EXPECT_EQ(plan_from_json(to_json(with_blas(plan)), network, "plan.json"), with_blas(plan));
  EXPECT_THAT(refusal_after([](Json& damaged) { damaged["conv"] = "fast"; }),
              HasSubstr("unknown way to convolve 'fast'; there are auto, direct, blas"));
  (void)refusal_after([](Json& damaged) { damaged["conv"] = 2; });
}

TEST(PlanJson, NamesDividedSumsIfThereAreSome) {
  const Network network = small_network();
  Plan plan = make_plan(network, Strategy::kData, 3);
  EXPECT_FALSE(Json::parse(to_json(plan)).contains("sums"));
  const Box all = whole(network.layer(1).output);
  plan.layers[1].sums = {{all, {2, 4}}, {}, {all, {0, 2}}};
  EXPECT_EQ(plan_from_json(to_json(plan), network, "plan.json"), plan);
  const auto refusal_of_sums = [](int layer, const Json& channels) {
    return refusal_after([&](Json& j) {
      j["sums"] = Json::array({{{"layer", layer}, {"channels", channels}}});
    });
  };
  const Json good{{2, 4}, {0, 0}, {0, 2}};
  EXPECT_THAT(refusal_of_sums(0, {{2, 4}, {0, 2}}),
              HasSubstr("layer 0 have 2 shares, which does not suit 3 ranks"));
  for (const Json& channels :
       {Json{{2, 4}, {0, 0}, {0, 1}}, Json{{1, 4}, {0, 0}, {0, 2}}, Json{{2, 5}, {0, 0}, {0, 2}},
        Json{{2, 3}, {0, 0}, {0, 2}}, Json{{0, 0}, {0, 0}, {0, 0}}, Json{{0, 4}, {2, 4}, {0, 0}},
        Json{{0, 4}, {0, 4}, {0, 0}}, Json{{3, 4}, {0, 3}, {1, 1000}}}) {
    EXPECT_THAT(refusal_of_sums(0, channels), HasSubstr("over every input channel once"));
  }
  EXPECT_THAT(refusal_of_sums(1, good), HasSubstr("not those of layer 1"));
  EXPECT_THAT(refusal_of_sums(2, good), HasSubstr("there is no layer 2"));
  EXPECT_THAT(refusal_of_sums(-2, good), HasSubstr("there is no layer -2"));
  EXPECT_THAT(refusal_of_sums(2147483647, good), HasSubstr("there is no layer 2147483647"));
  EXPECT_THAT(refusal_after([&](Json& j) {
                const Json layer{{"layer", 0}, {"channels", good}};
                j["sums"] = Json::array({layer, layer});
              }),
              HasSubstr("layer 0 are divided twice"));
  EXPECT_THAT(refusal_of_sums(0, {{2, 4, 9}, {0, 0}, {0, 2}}), HasSubstr("no pair of channels"));
  (void)refusal_of_sums(0, "all");
  (void)refusal_after([](Json& j) { j["sums"] = 3; });
}

/// Ranks 0 and 1 sum for the left half of the picture, rank 2 for the right.
Plan with_cells(Json* json = nullptr) {
  Plan plan = make_plan(small_network(), Strategy::kData, 3);
  const Box left{{0, 8}, {0, 3}, {0, 14}};
  const Box right{{0, 8}, {3, 6}, {0, 14}};
  plan.layers[1].owned = {{{0, 4}, {0, 3}, {0, 14}}, {{4, 8}, {0, 3}, {0, 14}}, right};
  plan.layers[1].sums = {{left, {0, 1}}, {left, {1, 4}}, {right, {0, 4}}};
  if (json != nullptr) *json = Json::parse(to_json(plan));
  return plan;
}

TEST(PlanJson, NamesTheBoxesOfDividedSumsIfTheyAreParts) {
  Json good;
  const Plan plan = with_cells(&good);
  EXPECT_EQ(plan_from_json(good.dump(), small_network(), "plan.json"), plan);
  const auto refusal_of_boxes = [&](const std::function<void(Json&)>& damage) {
    Json j = good;
    damage(j["sums"][0]);
    return refusal_of(j.dump());
  };
  EXPECT_THAT(refusal_of_boxes([](Json& sums) { sums["box"] = 1; }), HasSubstr("'box' is unknown"));
  EXPECT_THAT(refusal_of_boxes([](Json& sums) { sums["boxes"].erase(2); }),
              HasSubstr("2 boxes for 3 shares"));
  EXPECT_THAT(refusal_of_boxes([](Json& sums) { sums["boxes"][2][5] = 15; }),
              HasSubstr("leaves layer 0"));
  EXPECT_THAT(refusal_of_boxes([](Json& sums) { sums["boxes"][2][2] = 2; }), HasSubstr("overlap"));
  EXPECT_THAT(refusal_of_boxes([](Json& sums) { sums["boxes"][2][2] = 4; }),
              HasSubstr("lack 0:8x3:4x0:14"));
  EXPECT_THAT(refusal_of_boxes([](Json& sums) {
                sums["channels"][1] = {2, 4};
              }),
              HasSubstr("over every input channel once"));
  EXPECT_THAT(refusal_of_boxes([](Json& sums) { sums["boxes"][1][1] = 7; }),
              HasSubstr("over every input channel once"));
  (void)refusal_of_boxes([](Json& sums) { sums["boxes"] = 3; });
  Json across = good;
  across["layouts"][1][2] = {0, 8, 2, 6, 0, 14};
  EXPECT_THAT(refusal_of(across.dump()), HasSubstr("is not within one box of its divided sums"));
}

TEST(PlanJson, NamesAWireFormatForEachLayerIfTheyDiffer) {
  const Network network = small_network();
  Plan plan = make_plan(network, Strategy::kData, 3);
  plan.layers[1].wire = plan.layers[1].sums_wire = WireFormat::kHalf;
  EXPECT_EQ(plan.coarsest_wire(), WireFormat::kHalf);
  Json j = Json::parse(to_json(plan));
  EXPECT_EQ(j.at("wire"), (Json{"float", "half", "float"}));
  EXPECT_EQ(plan_from_json(j.dump(), network, "plan.json"), plan);
  j["wire"].erase(0);
  EXPECT_THAT(refusal_of(j.dump()), HasSubstr("wire formats for 2 layers, not 3"));
  j["wire"] = {"float", "half", 3};
  (void)refusal_of(j.dump());
}

TEST(PlanJson, NamesTheFormatOfPartialSumsIfItIsNotTheUsual) {
  const Network network = small_network();
  Plan plan = with_wire(make_plan(network, Strategy::kData, 3), WireFormat::kInt8);
  EXPECT_FALSE(Json::parse(to_json(plan)).contains("sums_wire")) << "halves, for bytes";
  EXPECT_EQ(plan_from_json(to_json(plan), network, "plan.json"), plan);
  for (LayerPlan& layer : plan.layers) layer.sums_wire = WireFormat::kFloat;
  const Json j = Json::parse(to_json(plan));
  EXPECT_EQ(j.at("wire"), "int8");
  EXPECT_EQ(j.at("sums_wire"), "float");
  EXPECT_EQ(plan_from_json(j.dump(), network, "plan.json"), plan);
  EXPECT_THAT(refusal_after([](Json& damaged) { damaged["sums_wire"] = "int4"; }),
              HasSubstr("unknown wire format 'int4'"));
}

TEST(PlanJson, RefusesWrongCounts) {
  EXPECT_THAT(refusal_after([](Json& j) { j["layouts"].erase(2); }), HasSubstr("layers"));
  EXPECT_THAT(refusal_after([](Json& j) { j["layouts"].push_back(j["layouts"][2]); }),
              HasSubstr("layers"));
  EXPECT_THAT(refusal_after([](Json& j) { j["ranks"] = 4; }), HasSubstr("4 ranks"));
  (void)refusal_after([](Json& j) { j["layouts"][1].erase(0); });
  (void)refusal_after([](Json& j) {
    j["ranks"] = 0;
    for (Json& layout : j["layouts"]) layout = Json::array();
  });
  (void)refusal_after([](Json& j) { j["ranks"] = -1; });
}

TEST(PlanJson, RefusesBoxesThatLeaveTheirLayer) {
  EXPECT_THAT(refusal_after([](Json& j) { j["layouts"][1][2][1] = 9; }), HasSubstr("layer 0"));
  (void)refusal_after([](Json& j) { j["layouts"][1][0][0] = -1; });
  (void)refusal_after([](Json& j) { j["layouts"][1][0][3] = 7; });
  (void)refusal_after([](Json& j) { j["layouts"][1][0][5] = 15; });
}

TEST(PlanJson, RefusesAnOutputThatNobodyOwns) {
  EXPECT_THAT(refusal_after([](Json& j) { j["layouts"][1][1] = {0, 0, 0, 0, 0, 0}; }),
              HasSubstr("nobody owns 2:5x0:6x0:14 of layer 0"));
  (void)refusal_after([](Json& j) { j["layouts"][1][2][4] = 1; });
}

TEST(PlanJson, RankZeroMustOwnTheInput) {
  EXPECT_THAT(refusal_after([](Json& j) { std::swap(j["layouts"][0][0], j["layouts"][0][1]); }),
              HasSubstr("rank 0"));
}

TEST(PlanJson, NobodyElseMayOwnAnyOfTheInput) {
  // Only rank 0 loads a picture; another owner would compute with what was in its memory before.
  (void)refusal_after([](Json& j) { j["layouts"][0][1] = {0, 2, 0, 6, 0, 4}; });
}

TEST(PlanJson, RefusesARegionCutAcrossItsChannels) {
  // The kernel of a region takes all channels of a pixel.
  (void)refusal_after([](Json& j) {
    j["layouts"][2][0] = {0, 8, 0, 6, 0, 7};
    j["layouts"][2][1] = {0, 8, 0, 6, 7, 14};
  });
}

TEST(PlanJson, RefusesNumbersThatAreNoInts) {
  (void)refusal_after([](Json& j) { j["ranks"] = 3.5; });
  (void)refusal_after([](Json& j) { j["layouts"][1][0][0] = 0.5; });
  (void)refusal_after([](Json& j) { j["layouts"][1][0][0] = 4'294'967'296; });
}

}  // namespace
}  // namespace vpinfer
