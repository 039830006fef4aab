// Which layers an ONNX graph becomes, and what is refused.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/onnx_graphs.hpp"

namespace vpinfer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

/// A 1x1 convolution of three channels, x -> `output`.
GraphMaker& convolve(GraphMaker& maker, const std::string& output) {
  return maker.constant("w", floats({2, 3, 1, 1}, {1, 2, 3, 4, 5, 6}))
      .constant("b", floats({2}, {1, -1}))
      .node("Conv", {"x", "w", "b"}, output);
}

GraphMaker picture(std::int64_t opset = 13) {
  return GraphMaker({1, 3, 8, 6}, opset);
}

const Operation& operation(const OnnxModel& model, int number) {
  return model.network.layer(Network::position(number)).operation;
}

Activation activation_at(const OnnxModel& model, int number) {
  return *activation_of(operation(model, number));
}

TEST(OnnxFusion, FoldsBatchNormalisationAndActivation) {
  GraphMaker maker = picture();
  convolve(maker, "c")
      .constant("scale", floats({2}, {2, 3}))
      .constant("shift", floats({2}, {10, 20}))
      .constant("mean", floats({2}, {1, 2}))
      .constant("variance", floats({2}, {4, 9}))
      .node("BatchNormalization", {"c", "scale", "shift", "mean", "variance"}, "n",
            {{"epsilon", 0.0F}})
      .node("LeakyRelu", {"n"}, "y", {{"alpha", 0.25F}})
      .output("y");
  const OnnxModel model = maker.translate();
  EXPECT_THAT(operations(model), ElementsAre("convolution"));
  EXPECT_EQ(activation_at(model, 0), Activation(Activation::kLeaky, 0.25F));
  // factors 2 / sqrt(4) and 3 / sqrt(9)
  EXPECT_THAT(model.weights.at(1).weights, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(model.weights.at(1).biases, ElementsAre(1 - 1 + 10, -1 - 2 + 20));
  EXPECT_EQ(model.network.outputs, (std::vector<NetworkOutput>{{1, "y"}}));
}

TEST(OnnxFusion, LeavesWhatOthersRead) {
  GraphMaker maker = picture();
  convolve(maker, "c")
      .node("Relu", {"c"}, "r")
      .node("Sigmoid", {"c"}, "s")
      .node("Add", {"r", "s"}, "y")
      .output("y");
  EXPECT_THAT(operations(maker.translate()),
              ElementsAre("convolution", "activation", "activation", "elementwise"));
  GraphMaker second = picture();
  convolve(second, "c").node("Relu", {"c"}, "y").output("y").output("c");
  EXPECT_THAT(operations(second.translate()), ElementsAre("convolution", "activation"));
}

TEST(OnnxFusion, KnowsActivationsThatAreSpelledOut) {
  const auto gate = [](const std::vector<std::string>& ops,
                       const std::map<std::string, OnnxAttribute>& attributes) {
    GraphMaker maker = picture();
    convolve(maker, "c");
    std::string last = "c";
    for (const std::string& op : ops) {
      maker.node(op, {last}, last + op, attributes);
      last += op;
    }
    const OnnxModel model =
        maker.node("Mul", {last, "c"}, "m").node("Relu", {"m"}, "y").output("y").translate();
    EXPECT_THAT(operations(model), ElementsAre("convolution", "activation"));
    return activation_at(model, 0);
  };
  EXPECT_EQ(gate({"Sigmoid"}, {}), Activation::kSwish);
  EXPECT_EQ(gate({"Softplus", "Tanh"}, {}), Activation::kMish);
  EXPECT_EQ(gate({"HardSigmoid"}, {{"alpha", 1.0F / 6}, {"beta", 0.5F}}), Activation::kHardSwish);
}

TEST(OnnxFusion, MakesPaddingPartOfTheConvolution) {
  GraphMaker maker = picture();
  maker.constant("pads", integers({0, 0, 1, 2, 0, 0, 3, 4})).node("Pad", {"x", "pads"}, "p");
  maker.constant("w", random_floats({2, 3, 3, 3}, 1))
      .node("Conv", {"p", "w"}, "y", {{"pads", Ints{1, 1, 1, 1}}})
      .output("y");
  const OnnxModel model = maker.translate();
  EXPECT_THAT(operations(model), ElementsAre("convolution"));
  const auto& conv = std::get<Convolution>(operation(model, 0));
  EXPECT_EQ(conv.rows, (Window{3, 1, 2, 4}));
  EXPECT_EQ(conv.cols, (Window{3, 1, 3, 5}));

  GraphMaker both = picture();
  both.constant("pads", integers({0, 0, 1, 1, 0, 0, 1, 1}))
      .node("Pad", {"x", "pads"}, "p")
      .constant("w", random_floats({3, 3, 3, 3}, 1))
      .node("Conv", {"p", "w"}, "c", {{"pads", Ints{1, 1, 1, 1}}})
      .node("Add", {"c", "p"}, "y")
      .output("y");
  EXPECT_THAT(operations(both.translate()), ElementsAre("convolution", "pad", "elementwise"));
}

/// x.view(x.size(0), -1), as PyTorch exports it.
TEST(OnnxShapes, ComputesConstantsAtImport) {
  GraphMaker maker = picture();
  maker.constant("zero", {{}, Ints{0}})
      .constant("axes", integers({0}))
      .constant("rest", integers({-1}))
      .node("GlobalAveragePool", {"x"}, "pooled")
      .node("Shape", {"pooled"}, "shape")
      .node("Gather", {"shape", "zero"}, "batch", {{"axis", std::int64_t{0}}})
      .node("Unsqueeze", {"batch", "axes"}, "first")
      .node("Concat", {"first", "rest"}, "dims", {{"axis", std::int64_t{0}}})
      .node("Reshape", {"pooled", "dims"}, "flat")
      .constant("w", random_floats({5, 3}, 2))
      .node("Gemm", {"flat", "w"}, "y", {{"transB", std::int64_t{1}}})
      .output("y");
  const OnnxModel model = maker.translate();
  EXPECT_THAT(operations(model), ElementsAre("avgpool", "avgpool", "convolution"));
  EXPECT_EQ(model.network.layer(3).output, (Shape{1, 1, 5}));
}

TEST(OnnxShapes, FlattensWhatIsNoMatrix) {
  GraphMaker maker = picture(12);
  maker.node("Flatten", {"x"}, "f")
      .node("Softmax", {"f"}, "s")
      .node("Relu", {"s"}, "y")
      .output("y");
  EXPECT_THAT(operations(maker.translate()), ElementsAre("softmax", "activation"));
  GraphMaker sum = picture();
  sum.node("Flatten", {"x"}, "f")
      .constant("c", random_floats({1, 144}, 1))
      .node("Add", {"f", "c"}, "y")
      .output("y");
  EXPECT_THAT(operations(sum.translate()), ElementsAre("constant", "elementwise"));
}

TEST(OnnxShapes, KnowsThePixelShuffle) {
  GraphMaker maker({1, 12, 4, 5});
  maker.constant("six", integers({1, 3, 2, 2, 4, 5}))
      .constant("four", integers({1, 3, 8, 10}))
      .node("Reshape", {"x", "six"}, "r")
      .node("Transpose", {"r"}, "t", {{"perm", Ints{0, 1, 4, 2, 5, 3}}})
      .node("Reshape", {"t", "four"}, "s")
      .node("Relu", {"s"}, "y")
      .output("y");
  const OnnxModel model = maker.translate();
  EXPECT_THAT(operations(model), ElementsAre("depth-to-space", "activation"));
  EXPECT_EQ(model.network.layer(1).output, (Shape{8, 10, 3}));
}

TEST(OnnxInput, TakesChannelsLastAndOpenSizes) {
  GraphMaker last({1, 8, 6, 3});
  last.node("Transpose", {"x"}, "t", {{"perm", Ints{0, 3, 1, 2}}});
  last.constant("w", random_floats({2, 3, 1, 1}, 1)).node("Conv", {"t", "w"}, "y").output("y");
  EXPECT_EQ(last.translate().network.input_shape(), (Shape{8, 6, 3}));

  GraphMaker open({-1, 3, -1, -1});
  open.node("Relu", {"x"}, "y").output("y");
  EXPECT_THAT(open.refusal(), HasSubstr("--size"));
  EXPECT_EQ(open.translate({{}, InputSize{4, 7}}).network.input_shape(), (Shape{4, 7, 3}));

  GraphMaker batch({5, 3, 8, 6});
  batch.node("Relu", {"x"}, "y").output("y");
  EXPECT_THAT(batch.translate().warnings, ElementsAre(HasSubstr("5 pictures")));
}

TEST(OnnxOutputs, MayBeCutOrShareALayer) {
  GraphMaker maker = picture();
  convolve(maker, "c").node("NonMaxSuppression", {"c"}, "boxes").output("boxes");
  EXPECT_THAT(maker.refusal(), HasSubstr("--outputs"));
  EXPECT_THAT(operations(maker.translate({{"c"}, {}})), ElementsAre("convolution"));
  EXPECT_THAT(maker.refusal({{"d"}, {}}), HasSubstr("'d'"));

  GraphMaker twice = picture();
  twice.node("Relu", {"x"}, "a").node("Identity", {"a"}, "b").output("a").output("b");
  const OnnxModel model = twice.translate();
  EXPECT_THAT(operations(model), ElementsAre("activation", "route"));
  EXPECT_EQ(model.network.outputs, (std::vector<NetworkOutput>{{1, "a"}, {2, "b"}}));
}

TEST(OnnxRefusals, NameTheNodeAndTheCause) {
  const auto refusal = [](const std::string& op, const std::vector<std::string>& inputs,
                          const std::map<std::string, OnnxAttribute>& attributes = {}) {
    GraphMaker maker = picture();
    maker.constant("w", random_floats({4, 3, 3, 3}, 1))
        .constant("v", random_floats({3}, 1))
        .constant("i", integers({1, 2}));
    const std::string message = maker.node(op, inputs, "y", attributes).output("y").refusal();
    EXPECT_THAT(message, StartsWith("m.onnx: node 'y' (" + op + "): "));
    return message;
  };
  EXPECT_THAT(refusal("LSTM", {"x"}), HasSubstr("must be sequences"));
  EXPECT_THAT(refusal("Conv", {"x", "absent"}), HasSubstr("'absent'"));
  EXPECT_THAT(refusal("Conv", {"x", "w"}, {{"group", std::int64_t{2}}}), HasSubstr("2 groups"));
  EXPECT_THAT(refusal("Conv", {"x", "w", "v"}), HasSubstr("4 numbers"));
  EXPECT_THAT(refusal("Conv", {"x", "w"}, {{"kernel_shape", Ints{5, 5}}}),
              HasSubstr("kernel_shape"));
  EXPECT_THAT(refusal("Conv", {"x", "w"}, {{"strides", 1.5F}}), HasSubstr("wrong type"));
  EXPECT_THAT(refusal("Conv", {"x", "w"}, {{"auto_pad", std::string("LEFT")}}), HasSubstr("LEFT"));
  EXPECT_THAT(refusal("Reshape", {"x", "i"}), HasSubstr("1x3x8x6 to 1x2"));
  EXPECT_THAT(refusal("Concat", {"x", "x"}), HasSubstr("axis"));
  EXPECT_THAT(refusal("Transpose", {"x"}, {{"perm", Ints{0, 1, 1, 2}}}), HasSubstr("permutation"));
  EXPECT_THAT(refusal("Relu", {"x", "x"}), HasSubstr("2 inputs"));
}

TEST(OnnxRefusals, OfGraphsThatLie) {
  GraphMaker shapes = picture();
  convolve(shapes, "y").output("y");
  shapes.graph().values.push_back({"y", true, Ints{1, 2, 8, 7}});
  EXPECT_THAT(shapes.refusal(), HasSubstr("says that 'y' is 1x2x8x7, but it is 1x2x8x6"));

  GraphMaker twice = picture();
  twice.node("Relu", {"x"}, "y").node("Tanh", {"x"}, "y").output("y");
  EXPECT_THAT(twice.refusal(), HasSubstr("made twice"));

  GraphMaker old = picture(6);
  old.node("Relu", {"x"}, "y").output("y");
  EXPECT_THAT(old.refusal(), HasSubstr("operator set 6"));
  old.graph().opset = 99;
  EXPECT_THAT(old.refusal(), HasSubstr("operator set 99"));

  GraphMaker inputs = picture();
  inputs.node("Add", {"x", "z"}, "y").output("y");
  inputs.graph().inputs.push_back({"z", true, Ints{1, 3, 8, 6}});
  EXPECT_THAT(inputs.refusal(), HasSubstr("2 inputs (x, z)"));
}

TEST(OnnxModel, OfInfiniteParametersCanBeStored) {
  const float infinity = std::numeric_limits<float>::infinity();
  GraphMaker maker = picture();
  maker.constant("pads", integers({0, 0, 1, 1, 0, 0, 1, 1}))
      .constant("lowest", floats({}, {-infinity}))
      .constant("zero", floats({}, {0}))
      .constant("high", floats({}, {infinity}))
      .node("Pad", {"x", "pads", "lowest"}, "p")
      .node("Clip", {"p", "zero", "high"}, "y")
      .output("y");
  const Network network = maker.translate().network;
  EXPECT_EQ(network_from_json(to_json(network), "m.h5"), network);
  GraphMaker nan = picture();
  nan.node("LeakyRelu", {"x"}, "y", {{"alpha", std::nanf("")}}).output("y");
  EXPECT_THAT(nan.refusal(), HasSubstr("no number"));
}

TEST(OnnxIslands, CombineTensorsOfDifferentRanks) {
  GraphMaker maker({1, 8, 8, 8});
  maker.constant("c", integers({1, 8}))
      .node("GlobalAveragePool", {"x"}, "g")
      .node("Reshape", {"g", "c"}, "v")
      .node("Sum", {"v", "x", "x"}, "y")
      .output("y");
  expect_translation(maker, [](const NdArray& x) {
    return generate(x.dims, [&](const Ints& at) {
      double sum = 0;
      for_each_index({8, 8}, [&](const Ints& p) { sum += x({0, at[3], p[0], p[1]}); });
      return 2 * x(at) + sum / 64;
    });
  });
}

TEST(OnnxIslands, TakeScalars) {
  GraphMaker maker({1, 1, 1, 1});
  maker.constant("none", {{0}, Ints{}})
      .node("Reshape", {"x", "none"}, "r")
      .node("Transpose", {"r"}, "y")
      .output("y");
  expect_translation(maker, [](const NdArray& x) { return x; });
}

TEST(OnnxOutputs, DoNotNeedWhatAnOmittedInputIsNamedLike) {
  GraphMaker maker = picture();
  maker.constant("high", floats({}, {1}))
      .node("LSTM", {"x"}, "")
      .node("Clip", {"x", "", "high"}, "y")
      .output("y");
  EXPECT_THAT(operations(maker.translate()), ElementsAre("activation"));
}

TEST(OnnxRefusals, OfBiasesPerPicture) {
  GraphMaker maker({2, 3});
  maker.constant("w", random_floats({3, 2}, 1))
      .constant("b", random_floats({2, 1}, 2))
      .node("Gemm", {"x", "w", "b"}, "y")
      .output("y");
  EXPECT_THAT(maker.refusal(), HasSubstr("2x1"));
}

TEST(OnnxRefusals, OfNumbersThatOverflow) {
  const std::int64_t huge = std::int64_t{1} << 62U;
  GraphMaker window = picture();
  window
      .node("MaxPool", {"x"}, "y",
            {{"kernel_shape", Ints{65536, 1}}, {"dilations", Ints{65536, 1}}})
      .output("y");
  EXPECT_THAT(window.refusal(), HasSubstr("too large"));
  GraphMaker transposed = picture();
  transposed.constant("w", random_floats({3, 1, 2, 2}, 1))
      .node("ConvTranspose", {"x", "w"}, "y",
            {{"strides", Ints{65536, 1}}, {"dilations", Ints{65536, 1}}})
      .output("y");
  (void)transposed.refusal();
  GraphMaker split = picture();
  split.constant("sizes", integers({huge, huge}));
  split.graph().nodes.push_back(
      {"Split", "", "", {"x", "sizes"}, {"y", "z"}, {{"axis", std::int64_t{1}}}, {}});
  split.output("y");
  EXPECT_THAT(split.refusal(), HasSubstr("do not add up"));
}

TEST(OnnxFusion, ComputesAConvolutionOfAConstant) {
  GraphMaker maker = picture();
  maker.constant("c", random_floats({1, 3, 8, 6}, 1))
      .constant("w", random_floats({3, 3, 1, 1}, 2))
      .node("Conv", {"c", "w"}, "k")
      .node("Add", {"x", "k"}, "y")
      .output("y");
  EXPECT_THAT(operations(maker.translate()), ElementsAre("constant", "elementwise"));
}

}  // namespace
}  // namespace vpinfer
