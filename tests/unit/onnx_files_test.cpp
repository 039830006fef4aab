// Files as exporters write them: operator sets, outputs that nobody reads, branches, metadata.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "import/onnx_metadata.hpp"
#include "support/onnx_graphs.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

OnnxTensor boolean(bool value) {
  return {{}, Ints{value ? 1 : 0}};
}

/// A branch with one node that reads what is made outside.
std::shared_ptr<OnnxGraph> branch(const std::string& op, const std::string& from,
                                  const std::string& to) {
  OnnxGraph graph;
  graph.nodes.push_back({op, "", "", {from}, {to}, {}, {}});
  graph.outputs.push_back({to, true, std::nullopt});
  return std::make_shared<OnnxGraph>(std::move(graph));
}

/// x -> Relu -> r -> If(condition): tanh or sigmoid -> y
GraphMaker with_branches(const std::string& condition) {
  GraphMaker maker({1, 3, 4, 4}, 17);
  maker.node("Relu", {"x"}, "r").node("If", {condition}, "y").output("y");
  OnnxNode& node = maker.graph().nodes.back();
  node.graphs["then_branch"] = branch("Tanh", "r", "t");
  node.graphs["else_branch"] = branch("Sigmoid", "r", "s");
  return maker;
}

std::function<NdArray(const NdArray&)> each(double (*function)(double)) {
  return [function](const NdArray& x) {
    NdArray y = x;
    for (double& value : y.values) value = function(value);
    return y;
  };
}

TEST(OnnxBranches, AreEnteredWhereTheConditionIsConstant) {
  GraphMaker taken = with_branches("c");
  taken.constant("c", boolean(true));
  expect_translation(taken, each([](double x) { return std::tanh(std::max(0.0, x)); }));
  GraphMaker other = with_branches("c");
  other.constant("c", boolean(false));
  expect_translation(other, each([](double x) { return 1 / (1 + std::exp(-std::max(0.0, x))); }));
}

TEST(OnnxBranches, AreEnteredWhereTheConditionBecomesConstant) {
  GraphMaker maker = with_branches("c");
  const OnnxNode shape{"Shape", "", "", {"r"}, {"extents"}, {}, {}};
  const OnnxNode first{"Gather", "", "", {"extents", "zero"}, {"batch"}, {}, {}};
  const OnnxNode cast{"Cast", "", "", {"batch"}, {"c"}, {{"to", std::int64_t{9}}}, {}};
  auto& nodes = maker.constant("zero", {{}, Ints{0}}).graph().nodes;
  nodes.insert(nodes.end() - 1, {shape, first, cast});
  expect_translation(maker, each([](double x) { return std::tanh(std::max(0.0, x)); }));
}

TEST(OnnxBranches, AreRefusedWhereThePictureDecides) {
  EXPECT_THAT(with_branches("x").refusal(), HasSubstr("depends on the picture"));
}

TEST(OnnxBranches, MustBeThereAndMakeNewValues) {
  GraphMaker absent = with_branches("c");
  absent.constant("c", boolean(true)).graph().nodes.back().graphs.erase("then_branch");
  EXPECT_THAT(absent.refusal(), HasSubstr("then_branch"));
  GraphMaker same = with_branches("c");
  same.constant("c", boolean(true)).graph().nodes.back().graphs["then_branch"] =
      branch("Tanh", "x", "r");
  EXPECT_THAT(same.refusal(), HasSubstr("'r' is made twice"));
  GraphMaker flag = with_branches("c");
  flag.constant("c", floats({2}, {1, 1}));
  EXPECT_THAT(flag.refusal(), HasSubstr("one boolean"));
}

TEST(OnnxOperatorSets, NewerThanKnownAreTriedWithAWarning) {
  GraphMaker maker({1, 3, 4, 4}, 24);
  maker.node("Relu", {"x"}, "y").output("y");
  EXPECT_THAT(maker.translate().warnings, IsEmpty());
  maker.graph().opset = 30;
  EXPECT_THAT(maker.translate().warnings, ElementsAre(HasSubstr("operator set 30 is newer")));
  maker.graph().opset = 65;
  EXPECT_THAT(maker.refusal(), HasSubstr("operator set 65"));
}

TEST(OnnxOperatorSets, SinceEighteenSplitUnevenly) {
  GraphMaker maker({1, 5, 2, 2}, 18);
  maker
      .node_of("Split", {"x"}, {"a", "b", "c"},
               {{"axis", std::int64_t{1}}, {"num_outputs", std::int64_t{3}}})
      .output("a")
      .output("c");
  expect_translations(maker, [](const NdArray& x) {
    return std::vector<NdArray>{{{1, 2, 2, 2}, {x.values.begin(), x.values.begin() + 8}},
                                {{1, 1, 2, 2}, {x.values.begin() + 16, x.values.end()}}};
  });
  maker.graph().nodes.back().attributes.erase("num_outputs");
  EXPECT_THAT(maker.refusal(), HasSubstr("equal parts"));
}

TEST(OnnxOperatorSets, SinceEighteenNameAxes) {
  GraphMaker maker({1, 1, 1, 2}, 18);
  maker.constant("pads", integers({1, 2}))
      .constant("last", integers({-1}))
      .constant("twice", floats({1}, {2}))
      .node("Pad", {"x", "pads", "", "last"}, "p")
      .node("Resize", {"p", "", "twice"}, "y",
            {{"axes", Ints{2}}, {"coordinate_transformation_mode", std::string("asymmetric")}})
      .output("y");
  expect_translation(maker, [](const NdArray& x) {
    const double a = x.values[0];
    const double b = x.values[1];
    return NdArray{{1, 1, 2, 5}, {0, a, b, 0, 0, 0, a, b, 0, 0}};
  });
  maker.constant("pads", integers({1, 2, 3}));
  EXPECT_THAT(maker.refusal(), HasSubstr("axes"));
}

/// A policy that is not to stretch, with sizes of another shape.
TEST(OnnxOperatorSets, WhatWouldChangeAResizedPictureIsAnIsland) {
  GraphMaker maker({1, 1, 2, 2}, 18);
  maker.constant("sizes", integers({1, 1, 2, 4}))
      .node("Resize", {"x", "", "", "sizes"}, "y",
            {{"axes", Ints{0, 1, 2, 3}}, {"keep_aspect_ratio_policy", std::string("not_larger")}})
      .output("y");
  const OnnxModel model = expect_translation(maker, [](const NdArray& x) { return x; });
  EXPECT_THAT(operations(model), ElementsAre("island"));
}

TEST(OnnxOutputs, ThatNobodyReadsAreNoHindrance) {
  GraphMaker maker({1, 2, 4, 4}, 9);
  for (const char* name : {"scale", "shift", "mean"}) maker.constant(name, floats({2}, {1, 1}));
  maker.constant("variance", floats({2}, {4, 4}))
      .node_of("Dropout", {"x"}, {"d", "mask"})
      .node_of("BatchNormalization", {"d", "scale", "shift", "mean", "variance"},
               {"b", "m", "v", "sm", "sv"})
      .node_of("MaxPool", {"b"}, {"y", "indices"}, {{"kernel_shape", Ints{2, 2}}})
      .output("y");
  EXPECT_THAT(operations(maker.translate()), ElementsAre("convolution", "maxpool"));
  maker.output("indices");
  EXPECT_THAT(operations(maker.translate()), ElementsAre("convolution", "island", "island"));
}

TEST(OnnxOutputs, MayBeConstants) {
  GraphMaker maker({1, 2, 4, 4}, 13);
  maker.constant("c", floats({2, 3}, {1, 2, 3, 4, 5, 6}))
      .constant("i", integers({7, 8}))
      .node("Relu", {"x"}, "y")
      .node("Neg", {"c"}, "n")
      .output("n")
      .output("i")
      .output("y");
  expect_translations(maker, [](const NdArray& x) {
    NdArray y = x;
    for (double& value : y.values) value = std::max(0.0, value);
    return std::vector<NdArray>{{{2, 3}, {-1, -2, -3, -4, -5, -6}}, {{2}, {7, 8}}, y};
  });
}

TEST(OnnxOutputs, MayBeTheSameValueTwice) {
  GraphMaker maker({1, 2, 4, 4}, 13);
  maker.node("Tanh", {"x"}, "y").node("Identity", {"y"}, "z").output("y").output("z");
  const auto definition = each([](double x) { return std::tanh(x); });
  expect_translations(maker, [&](const NdArray& x) {
    return std::vector<NdArray>{definition(x), definition(x)};
  });
}

TEST(OnnxRefusals, NameWhereTheRestEnds) {
  GraphMaker maker({1, 3, 8, 8}, 17);
  maker.node("Relu", {"x"}, "r")
      .node("Tanh", {"r"}, "t")
      .node("Loop", {"r"}, "l")
      .node("Add", {"l", "t"}, "y")
      .output("y");
  EXPECT_THAT(maker.refusal(), HasSubstr("(Loop): this operator is not supported"));
  EXPECT_THAT(maker.refusal(), HasSubstr("; --outputs r,t would import the rest"));
  EXPECT_EQ(maker.translate({{"r", "t"}, {}}).network.outputs.size(), 2U);
  GraphMaker nothing({1, 3, 8, 8}, 17);
  nothing.node("Loop", {"x"}, "y").output("y");
  EXPECT_THAT(nothing.refusal(), Not(HasSubstr("the rest")));
}

TEST(OnnxRefusals, OfConstantsThatGrow) {
  GraphMaker large({1, 3, 4, 4}, 13);
  large.constant("extents", integers({1 << 16, 1 << 16, 1, 1}))
      .node("ConstantOfShape", {"extents"}, "c")
      .node("Add", {"x", "c"}, "y")
      .output("y");
  EXPECT_THAT(large.refusal(), HasSubstr("too large"));
  GraphMaker doubling({1, 3, 4, 4}, 13);
  doubling.constant("c0", floats({1}, {1}));
  for (int i = 0; i < 40; ++i) {
    const std::string from = "c" + std::to_string(i);
    doubling.node("Concat", {from, from}, "c" + std::to_string(i + 1), {{"axis", std::int64_t{0}}});
  }
  doubling.node("Add", {"x", "c40"}, "y").output("y");
  EXPECT_THAT(doubling.refusal(), HasSubstr("too large"));
}

TEST(OnnxListing, TellsExtentsAndProblems) {
  GraphMaker maker({1, 3, 8, 8}, 17);
  maker.node("Relu", {"x"}, "r")
      .node("MaxPool", {"r"}, "p", {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}})
      .node("Loop", {"p"}, "y")
      .output("y");
  const OnnxListing listing = list_onnx(maker.graph(), "m.onnx");
  ASSERT_EQ(listing.nodes.size(), 3U);
  EXPECT_EQ(listing.nodes[1].outputs.front().dims, (Ints{1, 3, 4, 4}));
  EXPECT_THAT(listing.nodes[1].problem, IsEmpty());
  EXPECT_EQ(listing.nodes[2].outputs.front().dims, std::nullopt);
  EXPECT_THAT(listing.nodes[2].problem, HasSubstr("Loop"));
  EXPECT_EQ(listing.inputs.front().dims, (Ints{1, 3, 8, 8}));
  EXPECT_EQ(listing.outputs.front().name, "y");
  EXPECT_THAT(listing.cuts, ElementsAre("p"));
}

TEST(OnnxListing, NeedsNoSize) {
  GraphMaker maker({1, 3, -1, -1}, 17);
  maker.node("Relu", {"x"}, "y").output("y");
  const OnnxListing listing = list_onnx(maker.graph(), "m.onnx");
  EXPECT_EQ(listing.nodes.front().outputs.front().dims, std::nullopt);
}

TEST(OnnxMetadata, HasLabels) {
  const auto labels = [](const std::string& names) { return labels_of({{"names", names}}); };
  EXPECT_THAT(labels("{0: 'person', 1: \"bird's\", 2: 'it\\'s'}"),
              ElementsAre("person", "bird's", "it's"));
  EXPECT_THAT(labels("['a', 'b',]"), ElementsAre("a", "b"));
  for (const char* bad : {"", "{", "{0: 'a'", "{1: 'a'}", "{0 'a'}", "{0: 'a'} x", "{0: a}",
                          "{0: 'a', 0: 'b'}", "person", "{0: 'a"}) {
    EXPECT_THAT(labels(bad), IsEmpty()) << bad;
  }
  EXPECT_THAT(labels_of({}), IsEmpty());
}

TEST(OnnxMetadata, HasTheSizeOfPictures) {
  const auto size = [](const std::string& text) { return input_size_of({{"imgsz", text}}); };
  ASSERT_TRUE(size("[480, 640]"));
  EXPECT_EQ(size("[480, 640]")->rows, 480);
  EXPECT_EQ(size("[480, 640]")->cols, 640);
  EXPECT_EQ(size("320")->cols, 320);
  for (const char* bad : {"", "[", "[640]", "[0, 640]", "-1", "[640, x]"}) {
    EXPECT_FALSE(size(bad)) << bad;
  }
}

}  // namespace
}  // namespace vpinfer
