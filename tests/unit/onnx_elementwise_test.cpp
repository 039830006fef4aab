// Arithmetic, normalisation and activations: what becomes part of another layer, and the numbers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/onnx_graphs.hpp"

namespace vpinfer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

template <typename Function>
NdArray each(const NdArray& x, const Function& function) {
  return generate(x.dims, [&](const Ints& at) { return function(x(at)); });
}

/// A 1x1 convolution of two channels, without a bias.
NdArray convolved(const NdArray& x, const NdArray& w) {
  return generate({1, w.dims[0], x.dims[2], x.dims[3]}, [&](const Ints& at) {
    double sum = 0;
    for (std::int64_t i = 0; i < x.dims[1]; ++i) {
      sum += w({at[1], i, 0, 0}) * x({0, i, at[2], at[3]});
    }
    return sum;
  });
}

TEST(OnnxActivations, HaveOnnxsDefaultsAndParameters) {
  struct Case {
    std::string op;
    std::map<std::string, OnnxAttribute> attributes;
    double (*function)(double);
  };
  const std::vector<Case> cases{
      {"Relu", {}, [](double x) { return std::max(x, 0.0); }},
      {"LeakyRelu", {}, [](double x) { return x < 0 ? 0.01 * x : x; }},
      {"LeakyRelu", {{"alpha", 0.3F}}, [](double x) { return x < 0 ? 0.3 * x : x; }},
      {"Elu", {}, [](double x) { return x < 0 ? std::exp(x) - 1 : x; }},
      {"Elu", {{"alpha", 2.0F}}, [](double x) { return x < 0 ? 2 * (std::exp(x) - 1) : x; }},
      {"Selu",
       {},
       [](double x) {
         return 1.0507009873554805 * (x < 0 ? 1.6732632423543772 * (std::exp(x) - 1) : x);
       }},
      {"Selu",
       {{"alpha", 2.0F}, {"gamma", 3.0F}},
       [](double x) { return 3 * (x < 0 ? 2 * (std::exp(x) - 1) : x); }},
      {"Sigmoid", {}, sigmoid},
      {"HardSigmoid", {}, [](double x) { return std::clamp(0.2 * x + 0.5, 0.0, 1.0); }},
      {"HardSigmoid",
       {{"alpha", 2.0F}, {"beta", 0.25F}},
       [](double x) { return std::clamp(2 * x + 0.25, 0.0, 1.0); }},
      {"HardSwish", {}, [](double x) { return x * std::clamp(x / 6 + 0.5, 0.0, 1.0); }},
      {"Tanh", {}, [](double x) { return std::tanh(x); }},
      {"Softplus", {}, [](double x) { return std::log(std::exp(x) + 1); }},
      {"Mish", {}, [](double x) { return x * std::tanh(std::log(std::exp(x) + 1)); }},
      {"Identity", {}, [](double x) { return x; }},
      {"Dropout", {}, [](double x) { return x; }},
      {"Neg", {}, [](double x) { return -x; }},
      {"Clip", {}, [](double x) { return x; }}};
  for (const Case& c : cases) {
    GraphMaker maker({1, 2, 5, 4});
    maker.constant("eight", floats({}, {8}))
        .node("Mul", {"x", "eight"}, "wide")
        .node(c.op, {"wide"}, "y", c.attributes)
        .output("y");
    SCOPED_TRACE(c.op);
    expect_translation(maker, [&](const NdArray& x) {
      return each(x, [&](double v) { return c.function(8 * v); });
    });
  }
}

TEST(OnnxActivations, ClipByAttributesOrInputs) {
  const auto clipped = [](double low, double high) {
    return [=](const NdArray& x) {
      return each(x, [=](double v) { return std::clamp(v, low, high); });
    };
  };
  GraphMaker old({1, 2, 5, 4}, 10);
  old.node("Clip", {"x"}, "y", {{"min", -0.5F}, {"max", 0.25F}}).output("y");
  expect_translation(old, clipped(-0.5, 0.25));
  GraphMaker low({1, 2, 5, 4});
  low.constant("low", floats({}, {0.125F})).node("Clip", {"x", "low"}, "y").output("y");
  expect_translation(low, clipped(0.125, 1e30));
  GraphMaker high({1, 2, 5, 4});
  high.constant("high", floats({}, {0.125F})).node("Clip", {"x", "", "high"}, "y").output("y");
  expect_translation(high, clipped(-1e30, 0.125));
  high.constant("high", floats({2}, {0.125F, 1}));
  EXPECT_THAT(high.refusal(), HasSubstr("one number"));
}

TEST(OnnxActivations, PReluHasASlopePerChannel) {
  for (const Ints& dims : {Ints{1}, Ints{3, 1, 1}, Ints{1, 3, 1, 1}}) {
    const OnnxTensor slopes = random_floats(dims, 1);
    GraphMaker maker({1, 3, 5, 4});
    maker.constant("s", slopes).node("PRelu", {"x", "s"}, "y").output("y");
    expect_translation(maker, [&](const NdArray& x) {
      return generate(
          x.dims, [&](const Ints& at) { return x(at) < 0 ? nd_array(slopes)(at) * x(at) : x(at); });
    });
  }
  const OnnxTensor slopes = random_floats({3, 1}, 1);  // of rows
  GraphMaker rows({1, 3, 3, 4});
  rows.constant("s", slopes).node("PRelu", {"x", "s"}, "y").output("y");
  expect_translation(rows, [&](const NdArray& x) {
    return generate(
        x.dims, [&](const Ints& at) { return x(at) < 0 ? nd_array(slopes)(at) * x(at) : x(at); });
  });
}

/// Sigmoid and the like are fused into x only when nobody else reads either.
TEST(OnnxGates, StayApartWhereOthersRead) {
  struct Case {
    std::string other_reader;
    bool output;
    std::vector<std::string> operations;
  };
  const std::vector<Case> cases{
      {"", false, {"convolution"}},
      {"c", false, {"convolution", "activation", "elementwise"}},
      {"s", false, {"convolution", "activation", "elementwise", "elementwise"}},
      {"c", true, {"convolution", "activation"}},
      {"s", true, {"convolution", "activation", "elementwise"}}};
  const OnnxTensor w = random_floats({2, 2, 1, 1}, 1);
  for (const Case& c : cases) {
    GraphMaker maker({1, 2, 5, 4});
    maker.constant("w", w)
        .node("Conv", {"x", "w"}, "c")
        .node("Sigmoid", {"c"}, "s")
        .node("Mul", {"s", "c"}, "m");
    const bool added = !c.other_reader.empty() && !c.output;
    if (added) maker.node("Add", {"m", c.other_reader}, "y");
    maker.output(added ? "y" : "m");
    if (c.output) maker.output(c.other_reader);
    SCOPED_TRACE("also read: " + c.other_reader);
    const OnnxModel model = expect_translations(maker, [&](const NdArray& x) {
      const NdArray v = convolved(x, nd_array(w));
      const NdArray other =
          c.other_reader == "c" ? v : each(v, [](double z) { return sigmoid(z); });
      const NdArray m = generate(
          v.dims, [&](const Ints& at) { return v(at) * sigmoid(v(at)) + (added ? other(at) : 0); });
      return c.output ? std::vector<NdArray>{m, other} : std::vector<NdArray>{m};
    });
    EXPECT_EQ(operations(model), c.operations);
  }
}

TEST(OnnxGates, OfOtherTensorsStayProducts) {
  GraphMaker maker({1, 2, 5, 4});
  maker.node("Tanh", {"x"}, "t")
      .node("Sigmoid", {"x"}, "s")
      .node("Mul", {"t", "s"}, "y")
      .output("y");
  const OnnxModel model = expect_translation(maker, [](const NdArray& x) {
    return each(x, [](double v) { return std::tanh(v) * sigmoid(v); });
  });
  EXPECT_THAT(operations(model), ElementsAre("activation", "activation", "elementwise"));
}

TEST(OnnxGates, SqueezeAndExcite) {
  const OnnxTensor w = random_floats({3, 3, 1, 1}, 1);
  for (const bool gate_first : {false, true}) {
    GraphMaker maker({1, 3, 5, 4});
    maker.constant("w", w)
        .node("GlobalAveragePool", {"x"}, "pooled")
        .node("Conv", {"pooled", "w"}, "excited")
        .node("Sigmoid", {"excited"}, "gate")
        .node("Mul",
              gate_first ? std::vector<std::string>{"gate", "x"}
                         : std::vector<std::string>{"x", "gate"},
              "y")
        .node("GlobalAveragePool", {"y"}, "z")
        .output("y")
        .output("z");
    const OnnxModel model = expect_translations(maker, [&](const NdArray& x) {
      const auto mean = [](const NdArray& a) {
        return generate({1, 3, 1, 1}, [&](const Ints& at) {
          double sum = 0;
          for_each_index({5, 4}, [&](const Ints& p) { sum += a({0, at[1], p[0], p[1]}); });
          return sum / 20;
        });
      };
      const NdArray gate = convolved(mean(x), nd_array(w));
      const NdArray y = generate(x.dims, [&](const Ints& at) { return x(at) * sigmoid(gate(at)); });
      return std::vector<NdArray>{y, mean(y)};
    });
    EXPECT_THAT(operations(model), ElementsAre("avgpool", "avgpool", "convolution", "elementwise",
                                               "avgpool", "avgpool"));
  }
}

/// scale * (x - mean) / sqrt(variance + epsilon) + shift.
TEST(OnnxBatchNormalization, FoldsOnlyIntoWhatNobodyElseReads) {
  const OnnxTensor w = random_floats({2, 2, 1, 1}, 1);
  const OnnxTensor scale = floats({2}, {2, -3});
  const OnnxTensor shift = floats({2}, {0.5F, 1});
  const OnnxTensor mean = floats({2}, {0.25F, -1});
  const OnnxTensor variance = floats({2}, {4, 0.5F});
  enum class Before { kInput, kConv, kConvOutput, kConvRead, kRelu };
  for (const Before before :
       {Before::kInput, Before::kConv, Before::kConvOutput, Before::kConvRead, Before::kRelu}) {
    GraphMaker maker({1, 2, 5, 4});
    maker.constant("w", w)
        .constant("s", scale)
        .constant("b", shift)
        .constant("m", mean)
        .constant("v", variance)
        .node("Conv", {"x", "w"}, "c")
        .node("Relu", {"c"}, "r");
    const std::string from = before == Before::kInput ? "x" : before == Before::kRelu ? "r" : "c";
    maker.node("BatchNormalization", {from, "s", "b", "m", "v"}, "n", {{"epsilon", 0.125F}});
    if (before == Before::kConvRead) maker.node("Add", {"n", "c"}, "y");
    maker.output(before == Before::kConvRead ? "y" : "n");
    if (before == Before::kConvOutput) maker.output("c");
    const OnnxModel model = expect_translations(maker, [&](const NdArray& x) {
      NdArray in = before == Before::kInput ? x : convolved(x, nd_array(w));
      if (before == Before::kRelu) in = each(in, [](double v) { return std::max(v, 0.0); });
      const NdArray n = generate(in.dims, [&](const Ints& at) {
        const auto of = [&](const OnnxTensor& t) { return nd_array(t)({at[1]}); };
        const double normal = (in(at)-of(mean)) / std::sqrt(of(variance) + 0.125);
        return of(scale) * normal + of(shift) + (before == Before::kConvRead ? in(at) : 0);
      });
      return before == Before::kConvOutput ? std::vector<NdArray>{n, in} : std::vector<NdArray>{n};
    });
    const std::size_t layers = before == Before::kConvRead                           ? 3
                               : before == Before::kInput || before == Before::kConv ? 1
                                                                                     : 2;
    EXPECT_EQ(operations(model).size(), layers) << "case " << static_cast<int>(before);
    if (before == Before::kInput) {
      const auto& conv = std::get<Convolution>(model.network.layer(1).operation);
      EXPECT_EQ(conv, (Convolution{2, 2, {}, {}}));
    }
  }
}

/// No layer is made twice where the picture had to be flattened or padded first.
TEST(OnnxArithmetic, PreparesItsInputOnce) {
  const OnnxTensor c = floats({1, 24}, std::vector<float>(24, 2));
  GraphMaker flat({1, 2, 3, 4});
  flat.constant("c", c)
      .node("Sigmoid", {"x"}, "s")
      .node("Flatten", {"s"}, "f")
      .node("Div", {"c", "f"}, "y")
      .output("y");
  const OnnxModel divided = expect_translation(
      flat, [](const NdArray& x) { return each(x, [](double v) { return 2 / sigmoid(v); }); });
  EXPECT_THAT(operations(divided), ElementsAre("activation", "constant", "elementwise"));

  GraphMaker margin({1, 2, 3, 4});
  margin.constant("c", random_floats({5, 4}, 1))
      .constant("pads", integers({0, 0, 1, 0, 0, 0, 1, 0}))
      .node("Pad", {"x", "pads"}, "p")
      .node("Max", {"p", "c"}, "y")
      .output("y");
  EXPECT_THAT(operations(margin.translate()), ElementsAre("pad", "constant", "elementwise"));
}

/// A constant may be the larger one.
TEST(OnnxArithmetic, SpreadsThePictureOverAConstant) {
  for (const Ints& dims :
       {Ints{1, 3, 1, 1}, Ints{1, 1, 4, 5}, Ints{1, 3, 4, 1}, Ints{1, 1, 1, 1}}) {
    const OnnxTensor c = random_floats({3, 4, 5}, 2);
    GraphMaker maker(dims);
    maker.constant("c", c).node("Sub", {"c", "x"}, "y").output("y");
    expect_translation(maker, [&](const NdArray& x) {
      return generate({1, 3, 4, 5}, [&](const Ints& at) { return nd_array(c)(at) - x(at); });
    });
  }
  GraphMaker one({1, 1, 4, 5});
  const OnnxTensor c = random_floats({3, 1, 1}, 2);
  one.constant("c", c).node("Mul", {"x", "c"}, "y").output("y");
  expect_translation(one, [&](const NdArray& x) {
    return generate({1, 3, 4, 5}, [&](const Ints& at) { return nd_array(c)(at) * x(at); });
  });
}

TEST(OnnxArithmetic, TakesAnyNumberOfInputs) {
  for (const std::string op : {"Sum", "Max", "Min"}) {
    GraphMaker maker({1, 2, 3, 4});
    maker.constant("c", floats({2, 1, 1}, {0.25F, -0.25F}))
        .node("Neg", {"x"}, "n")
        .node(op, {"c", "x", "n"}, "three")
        .node(op, {"three"}, "y")
        .output("y");
    expect_translation(maker, [&](const NdArray& x) {
      return generate(x.dims, [&](const Ints& at) {
        const double c = at[1] == 0 ? 0.25 : -0.25;
        if (op == "Sum") return c;
        return op == "Max" ? std::max({c, x(at), -x(at)}) : std::min({c, x(at), -x(at)});
      });
    });
  }
}

TEST(OnnxArithmetic, RefusesWhatItWouldMisread) {
  const auto refusal = [](const OnnxTensor& c) {
    GraphMaker maker({1, 2, 3, 4});
    return maker.constant("c", c).node("Add", {"x", "c"}, "y").output("y").refusal();
  };
  EXPECT_THAT(refusal(integers({1})), HasSubstr("types"));
  EXPECT_THAT(refusal(random_floats({5}, 1)), HasSubstr("cannot combine"));
}

/// The result is no picture any more.
TEST(OnnxArithmetic, TakesConstantsOfMoreAxesOrPictures) {
  for (const Ints& dims : {Ints{2, 2, 3, 4}, Ints{1, 1, 2, 1, 1}}) {
    const OnnxTensor c = random_floats(dims, 1);
    GraphMaker maker({1, 2, 3, 4});
    maker.constant("c", c).node("Add", {"x", "c"}, "y").output("y");
    const Ints result = dims.size() == 4 ? dims : Ints{1, 1, 2, 3, 4};
    const OnnxModel model = expect_translation(maker, [&](const NdArray& x) {
      return generate(result, [&](const Ints& at) {
        return x(Ints(at.end() - 4, at.end())) + nd_array(c)(at);
      });
    });
    EXPECT_THAT(operations(model), testing::ElementsAre("island"));
  }
}

}  // namespace
}  // namespace vpinfer
