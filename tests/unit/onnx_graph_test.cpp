// Inputs, outputs and structure of ONNX graphs, and those that are refused.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "support/onnx_graphs.hpp"

namespace vpinfer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::vector<std::string> output_names(const OnnxModel& model) {
  std::vector<std::string> names;
  for (const NetworkOutput& output : model.network.outputs) names.push_back(output.name);
  return names;
}

TEST(OnnxGraphs, GiveAValueUnderSeveralNames) {
  GraphMaker maker({1, 2, 3, 4});
  maker.node("Tanh", {"x"}, "a")
      .node("Identity", {"a"}, "b")
      .node("Dropout", {"b"}, "c")
      .node("Identity", {"x"}, "d")
      .output("b")
      .output("x")
      .output("c")
      .output("d");
  const OnnxModel model = expect_translations(maker, [](const NdArray& x) {
    const NdArray a = generate(x.dims, [&](const Ints& at) { return std::tanh(x(at)); });
    return std::vector<NdArray>{a, x, a, x};
  });
  EXPECT_THAT(output_names(model), ElementsAre("b", "x", "c", "d"));
}

TEST(OnnxGraphs, GiveChannelsLast) {
  GraphMaker maker({1, 2, 3, 4});
  maker.node("Transpose", {"x"}, "t", {{"perm", Ints{0, 2, 3, 1}}})
      .constant("dims", integers({1, -1, 2}))
      .node("Reshape", {"t", "dims"}, "y")
      .output("y");
  const OnnxModel model = expect_translation(maker, [](const NdArray& x) {
    return generate({1, 12, 2},
                    [&](const Ints& at) { return x({0, at[2], at[1] / 4, at[1] % 4}); });
  });
  EXPECT_THAT(operations(model), ElementsAre("route"));  // a copy of the input
}

TEST(OnnxGraphs, GiveOtherOrdersAsIslands) {
  GraphMaker maker({1, 2, 3, 4});
  maker.node("Transpose", {"x"}, "y", {{"perm", Ints{0, 3, 2, 1}}}).output("y");
  const OnnxModel model = expect_translation(maker, [](const NdArray& x) {
    return generate({1, 4, 3, 2}, [&](const Ints& at) { return x({0, at[3], at[2], at[1]}); });
  });
  EXPECT_THAT(operations(model), ElementsAre("island"));
}

TEST(OnnxGraphs, TakeVectors) {
  const OnnxTensor w = random_floats({5, 3}, 1);
  GraphMaker maker({-1, 5});
  maker.constant("w", w)
      .constant("c", random_floats({3}, 2))
      .node("MatMul", {"x", "w"}, "m")
      .node("Add", {"m", "c"}, "a")
      .node("Softmax", {"a"}, "y")
      .output("y");
  const OnnxTensor c = random_floats({3}, 2);
  const OnnxModel model = expect_translation(maker, [&](const NdArray& x) {
    const NdArray a = generate({1, 3}, [&](const Ints& at) {
      double sum = nd_array(c)(at);
      for (std::int64_t k = 0; k < 5; ++k) sum += x({0, k}) * nd_array(w)({k, at[1]});
      return std::exp(sum);
    });
    return generate(
        {1, 3}, [&](const Ints& at) { return a(at) / (a.values[0] + a.values[1] + a.values[2]); });
  });
  EXPECT_THAT(operations(model), ElementsAre("convolution", "softmax"));
}

/// GlobalAveragePool, Flatten and Gemm with its biases, for any batch.
TEST(OnnxGraphs, KeepTheBatchInTheirExtents) {
  const OnnxTensor w = random_floats({4, 3}, 1);
  for (const std::int64_t batch : {-1, 1, 5}) {
    GraphMaker maker({batch, 3, 2, 4});
    maker.constant("w", w)
        .constant("b", floats({1, 4}, {1, 2, 3, 4}))
        .constant("dims", integers({batch, 3}))
        .node("GlobalAveragePool", {"x"}, "g")
        .node("Reshape", {"g", "dims"}, "f")
        .node("Gemm", {"f", "w", "b"}, "y", {{"transB", std::int64_t{1}}, {"beta", 0.5F}})
        .output("y");
    maker.graph().outputs.front().dims = Ints{batch, 4};
    const OnnxModel model = expect_translation(maker, [&](const NdArray& x) {
      return generate({1, 4}, [&](const Ints& at) {
        double sum = 0.5 * static_cast<double>(at[1] + 1);
        for_each_index(x.dims, [&](const Ints& p) {
          sum += x(p) / 8 * nd_array(w)({at[1], p[1]});
        });
        return sum;
      });
    });
    EXPECT_EQ(model.warnings.size(), batch > 1 ? 1U : 0U);
  }
  GraphMaker merged({5, 3, 2, 4});
  merged.constant("w", random_floats({120, 2}, 1))
      .constant("dims", integers({1, -1}))
      .node("Reshape", {"x", "dims"}, "f")
      .node("MatMul", {"f", "w"}, "y")
      .output("y");
  EXPECT_THAT(merged.refusal(), HasSubstr("1x120"));
}

TEST(OnnxGraphs, LookOnlyAtWhatOutputsNeed) {
  GraphMaker maker({1, 2, 3, 4});
  maker.node("Relu", {"x"}, "y").node("Nonsense", {"absent"}, "z").output("y").output("z");
  EXPECT_THAT(maker.refusal(), HasSubstr("Nonsense"));
  EXPECT_THAT(output_names(maker.translate({{"y"}, {}})), ElementsAre("y"));
  EXPECT_THAT(output_names(maker.translate({{"x"}, {}})), ElementsAre("x"));
  EXPECT_THAT(maker.refusal({{"y", "y"}, {}}), HasSubstr("twice"));
}

TEST(OnnxGraphs, AreOfTheSizeThatWasAskedFor) {
  GraphMaker open({1, 3, -1, 6});
  open.node("Relu", {"x"}, "y").output("y");
  EXPECT_THAT(open.refusal(), HasSubstr("--size"));
  EXPECT_EQ(open.translate({{}, InputSize{9, 6}}).network.input_shape(), (Shape{9, 6, 3}));
  EXPECT_THAT(open.refusal({{}, InputSize{9, 7}}), HasSubstr("--size says 7"));
  GraphMaker last({-1, -1, -1, 3});
  last.node("Transpose", {"x"}, "t", {{"perm", Ints{0, 3, 1, 2}}})
      .node("Relu", {"t"}, "y")
      .output("y");
  EXPECT_EQ(last.translate({{}, InputSize{9, 7}}).network.input_shape(), (Shape{9, 7, 3}));
}

TEST(OnnxGraphs, NeedOneInputOfFloats) {
  const auto refusal = [](const std::vector<OnnxValueInfo>& inputs) {
    GraphMaker maker({1, 3, 8, 6});
    maker.node("Relu", {"x"}, "y").output("y").graph().inputs = inputs;
    const std::string line = maker.refusal();
    EXPECT_THAT(line, StartsWith("m.onnx: "));
    return line;
  };
  EXPECT_THAT(refusal({}), HasSubstr("no input"));
  EXPECT_THAT(refusal({{"x", false, Ints{1, 3, 8, 6}}}), HasSubstr("floats"));
  EXPECT_THAT(refusal({{"x", true, std::nullopt}}), HasSubstr("no shape"));
  EXPECT_THAT(refusal({{"x", true, Ints{1, 3, 8, 6, 2}}}), HasSubstr("1x3x8x6x2"));
  EXPECT_THAT(refusal({{"x", true, Ints{1, 3, 0, 6}}}), HasSubstr("1x3x0x6"));
  EXPECT_THAT(refusal({{"x", true, Ints{1, -1, 8, 6}}}), HasSubstr("1x?x8x6"));
  EXPECT_THAT(refusal({{"x", true, Ints{1, 3, 8, 6}}, {"x", true, Ints{1, 3, 8, 6}}}),
              HasSubstr("twice"));
  EXPECT_THAT(refusal({{"z", true, Ints{1, 3, 8, 6}}}), HasSubstr("reads 'x'"));

  GraphMaker listed({1, 3, 8, 6});  // before IR 4 weights were inputs with a default
  listed.constant("w", random_floats({2, 3, 1, 1}, 1)).node("Conv", {"x", "w"}, "y").output("y");
  listed.graph().inputs.push_back({"w", true, Ints{2, 3, 1, 1}});
  EXPECT_THAT(listed.translate().warnings, IsEmpty());
}

TEST(OnnxGraphs, MakeEveryValueOnce) {
  GraphMaker weights({1, 2, 3, 4});
  weights.constant("y", floats({}, {1})).node("Relu", {"x"}, "y").output("y");
  EXPECT_THAT(weights.refusal(), HasSubstr("'y' is made twice"));
  GraphMaker input({1, 2, 3, 4});
  input.node("Relu", {"x"}, "x").output("x");
  EXPECT_THAT(input.refusal(), HasSubstr("'x' is made twice"));
  GraphMaker order({1, 2, 3, 4});
  order.node("Relu", {"later"}, "y").node("Relu", {"x"}, "later").output("y");
  EXPECT_THAT(order.refusal(), HasSubstr("'later'"));
}

TEST(OnnxGraphs, TellTheTruthAboutExtents) {
  GraphMaker rank({1, 2, 3, 4});
  rank.node("Relu", {"x"}, "y").output("y");
  rank.graph().outputs.front().dims = Ints{1, 24};
  EXPECT_THAT(rank.refusal(), HasSubstr("1x24"));
  rank.graph().outputs.front().dims = Ints{-1, -1, -1, -1};
  EXPECT_THAT(rank.translate().warnings, IsEmpty());
  rank.constant("w", floats({2}, {1, 2})).graph().values.push_back({"w", true, Ints{3}});
  EXPECT_THAT(rank.refusal(), HasSubstr("'w' is 3, but it is 2"));
}

TEST(OnnxGraphs, AreOfOperatorsThatAreKnown) {
  GraphMaker maker({1, 2, 3, 4});
  maker.node("Relu", {"x"}, "y").output("y");
  OnnxNode& node = maker.graph().nodes.front();
  node.name = "layer1";
  node.domain = "com.microsoft";
  EXPECT_THAT(maker.refusal(), StartsWith("m.onnx: node 'layer1' (Relu): "));
  EXPECT_THAT(maker.refusal(), HasSubstr("'com.microsoft'"));
  node.domain.clear();
  node.unreadable = {"body"};
  EXPECT_THAT(maker.refusal(), HasSubstr("'body'"));
  node.unreadable.clear();
  node.outputs = {""};
  EXPECT_THAT(maker.refusal(), HasSubstr("'y'"));
  node.outputs = {"y"};
  node.inputs = {};
  EXPECT_THAT(maker.refusal(), HasSubstr("input number 1 is missing"));
  maker.graph().outputs.clear();
  EXPECT_THAT(maker.refusal(), HasSubstr("no output"));
  maker.graph().opset = 0;
  EXPECT_THAT(maker.refusal(), HasSubstr("operator set 0"));
}

TEST(OnnxGraphs, HaveAsManyBiasesAsOutputs) {
  GraphMaker maker({1, 5});
  maker.constant("w", random_floats({5, 3}, 1))
      .constant("b", random_floats({4}, 1))
      .node("Gemm", {"x", "w", "b"}, "y")
      .output("y");
  EXPECT_THAT(maker.refusal(), HasSubstr("4 do not suit 3 outputs"));
  maker.constant("w", random_floats({4, 3}, 1));
  EXPECT_THAT(maker.refusal(), HasSubstr("4 rows"));
  maker.graph().nodes.front().attributes["transA"] = std::int64_t{1};
  EXPECT_THAT(maker.refusal(), HasSubstr("cannot multiply 5x1"));
}

}  // namespace
}  // namespace vpinfer
