// Operators on the elements in one place; numbers as in ONNX's specification.

#include <cmath>
#include <limits>

#include "support/folded.hpp"
#include "support/nd_array.hpp"

namespace vpinfer {
namespace {

using testing::HasSubstr;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
const float kNan = std::nanf("");

OnnxTensor line(const std::vector<float>& values) {
  return floats({static_cast<std::int64_t>(values.size())}, values);
}

TEST(Elementwise, BroadcastsAnyExtents) {
  const std::vector<std::vector<Ints>> cases{{{2, 3, 4}, {2, 3, 4}},
                                             {{2, 3, 4}, {}},
                                             {{}, {3}},
                                             {{2, 3, 4}, {3, 1}},
                                             {{3, 1, 5}, {4, 5}},
                                             {{1, 4, 1}, {2, 1, 3}},
                                             {{2, 1, 2, 1, 2}, {3, 1, 3, 1}},
                                             {{1, 1}, {1}},
                                             {{2, 3}, {1, 1, 3}},
                                             {{2, 0}, {2, 1}}};
  for (const auto& dims : cases) {
    const OnnxTensor a = random_floats(dims[0], 1);
    const OnnxTensor b = random_floats(dims[1], 2);
    const OnnxTensor difference = folded("Sub", {a, b});
    const NdArray left = nd_array(a);
    const NdArray right = nd_array(b);
    const NdArray expected =
        generate(difference.dims, [&](const Ints& at) { return left(at) - right(at); });
    expect_close(difference,
                 floats(expected.dims, {expected.values.begin(), expected.values.end()}));
  }
  EXPECT_THAT(refusal("Add", {random_floats({2, 3}, 1), random_floats({2}, 1)}),
              HasSubstr("2x3 and 2"));
}

TEST(Elementwise, DividesIntegersAsCDoes) {
  EXPECT_EQ(folded("Div", {integers({7, -7, 5}), integers({2, 2, 0})}), integers({3, -3, 0}));
  const OnnxTensor a = integers({-4, 7, 5, 4, -7, 8});
  const OnnxTensor b = integers({2, -3, 8, -2, 3, 5});
  EXPECT_EQ(folded("Mod", {a, b}), integers({0, -2, 5, 0, 2, 3}));
  EXPECT_EQ(folded("Mod", {a, b}, {{"fmod", std::int64_t{1}}}), integers({0, 1, 5, 0, -1, 3}));
  expect_close(
      folded("Mod", {line({-4.3F, 7.2F, 5}), line({2.1F, -3.4F, 8})}, {{"fmod", std::int64_t{1}}}),
      line({-0.1F, 0.4F, 5}));
}

TEST(Elementwise, RaisesToPowers) {
  EXPECT_EQ(folded("Pow", {integers({1, 2, -3, 2}), integers({4, 5, 3, -1})}),
            integers({1, 32, -27, 0}));
  expect_close(folded("Pow", {line({1, 2, 3}), integers({4, 5, 6})}), line({1, 32, 729}));
  EXPECT_EQ(folded("Pow", {integers({1, 2, 3}), line({4, 5, 0.5F})}), integers({1, 32, 1}));
}

TEST(Elementwise, CombinesAnyNumberOfTensors) {
  const std::vector<OnnxTensor> inputs{line({3, 2, 1}), line({1, 4, 4}), line({2, 5, 3})};
  EXPECT_EQ(folded("Max", inputs), line({3, 5, 4}));
  EXPECT_EQ(folded("Min", inputs), line({1, 2, 1}));
  EXPECT_EQ(folded("Sum", inputs), line({6, 11, 8}));
  expect_close(folded("Mean", inputs), line({2, 11 / 3.0F, 8 / 3.0F}));
  expect_close(folded("Max", {line({kNan, 1}), line({1, kNan})}), line({kNan, kNan}));
}

TEST(Elementwise, ShiftsAndJoinsBits) {
  const OnnxTensor numbers = integers({16, 4, 1});
  const OnnxTensor bits = integers({1, 2, 3});
  EXPECT_EQ(folded("BitShift", {numbers, bits}, {{"direction", std::string("RIGHT")}}),
            integers({8, 1, 0}));
  EXPECT_EQ(folded("BitShift", {numbers, bits}, {{"direction", std::string("LEFT")}}),
            integers({32, 16, 8}));
  EXPECT_THAT(refusal("BitShift", {numbers, bits}), HasSubstr("LEFT or RIGHT"));
  EXPECT_EQ(folded("BitwiseAnd", {integers({12, 5}), integers({10, 4})}), integers({8, 4}));
  EXPECT_EQ(folded("BitwiseOr", {integers({12, 5}), integers({10, 4})}), integers({14, 5}));
  EXPECT_EQ(folded("BitwiseXor", {integers({12, 5}), integers({10, 4})}), integers({6, 1}));
  EXPECT_EQ(folded("BitwiseNot", {integers({12, -1})}), integers({-13, 0}));
}

TEST(Elementwise, ComparesAndChooses) {
  const OnnxTensor a = line({1, 2, 3});
  const OnnxTensor two = floats({}, {2});
  EXPECT_EQ(folded("Equal", {a, two}), integers({0, 1, 0}));
  EXPECT_EQ(folded("Greater", {a, two}), integers({0, 0, 1}));
  EXPECT_EQ(folded("GreaterOrEqual", {a, two}), integers({0, 1, 1}));
  EXPECT_EQ(folded("Less", {a, two}), integers({1, 0, 0}));
  EXPECT_EQ(folded("LessOrEqual", {a, two}), integers({1, 1, 0}));
  EXPECT_EQ(folded("And", {integers({0, 1, 1}), integers({1, 0, 1})}), integers({0, 0, 1}));
  EXPECT_EQ(folded("Or", {integers({0, 1, 0}), integers({1, 0, 0})}), integers({1, 1, 0}));
  EXPECT_EQ(folded("Xor", {integers({0, 1, 1}), integers({1, 0, 1})}), integers({1, 1, 0}));
  EXPECT_EQ(folded("Not", {integers({0, 1})}), integers({1, 0}));
  EXPECT_EQ(folded("Where", {integers({1, 0, 1}), floats({2, 1}, {1, 2}), floats({}, {9})}),
            floats({2, 3}, {1, 9, 1, 2, 9, 2}));
  EXPECT_THAT(refusal("Where", {integers({1}), a, integers({1})}), HasSubstr("types"));
}

TEST(Elementwise, CastsToFewerBitsByLeavingOutTheUpperOnes) {
  const auto cast = [](const OnnxTensor& tensor, std::int64_t type) {
    return folded("Cast", {tensor}, {{"to", type}});
  };
  const auto typed = [](const OnnxTensor& tensor, OnnxIntegerType type) {
    OnnxTensor result = tensor;
    result.type = type;
    return result;
  };
  EXPECT_EQ(cast(line({300.7F, -1, 127}), 2),
            typed(integers({44, 255, 127}), OnnxIntegerType::kUint8));
  EXPECT_EQ(cast(integers({200, -129}), 3), typed(integers({-56, 127}), OnnxIntegerType::kInt8));
  EXPECT_EQ(cast(integers({std::int64_t{1} << 32}), 6), integers({0}));
  EXPECT_EQ(cast(line({kNan, 1e30F}), 7), integers({0, std::numeric_limits<std::int64_t>::max()}));
  EXPECT_EQ(cast(line({0, -0.5F, kNan}), 9), integers({0, 1, 1}));
  EXPECT_EQ(folded("CastLike", {integers({2}), line({1})}), line({2}));
}

TEST(Functions, RoundHalvesToEven) {
  EXPECT_EQ(folded("Round", {line({0.5F, 0.9F, 1.5F, 2.5F, -1.5F, -2.5F})}),
            line({0, 1, 2, 2, -2, -2}));
  EXPECT_EQ(folded("Sign", {integers({-5, 0, 7})}), integers({-1, 0, 1}));
  EXPECT_EQ(folded("Abs", {integers({-5, 0, 7})}), integers({5, 0, 7}));
  EXPECT_EQ(folded("Reciprocal", {line({-4, 2})}), line({-0.25F, 0.5F}));
  expect_close(folded("Erf", {line({1, -1})}), line({0.8427008F, -0.8427008F}));
  EXPECT_THAT(refusal("Exp", {integers({1})}), HasSubstr("floats"));
}

TEST(Functions, TellInfinityAndNan) {
  const OnnxTensor x = line({-1.2F, kNan, kInfinity, -kInfinity});
  EXPECT_EQ(folded("IsNaN", {x}), integers({0, 1, 0, 0}));
  EXPECT_EQ(folded("IsInf", {x}), integers({0, 0, 1, 1}));
  EXPECT_EQ(folded("IsInf", {x}, {{"detect_negative", std::int64_t{0}}}), integers({0, 0, 1, 0}));
  EXPECT_EQ(folded("IsInf", {x}, {{"detect_positive", std::int64_t{0}}}), integers({0, 0, 0, 1}));
}

TEST(Activations, AreAsDefined) {
  const OnnxTensor x = line({-1, 0, 1});
  const std::map<std::string, std::vector<float>> expected{
      {"Relu", {0, 0, 1}},
      {"LeakyRelu", {-0.01F, 0, 1}},
      {"Elu", {-0.6321206F, 0, 1}},
      {"Selu", {-1.1113307F, 0, 1.050701F}},
      {"Celu", {-0.6321206F, 0, 1}},
      {"ThresholdedRelu", {0, 0, 0}},
      {"HardSigmoid", {0.3F, 0.5F, 0.7F}},
      {"HardSwish", {-1 / 3.0F, 0, 2 / 3.0F}},
      {"Sigmoid", {0.2689414F, 0.5F, 0.7310586F}},
      {"Swish", {-0.2689414F, 0, 0.7310586F}},
      {"Softplus", {0.3132617F, 0.6931472F, 1.3132617F}},
      {"Softsign", {-0.5F, 0, 0.5F}},
      {"Mish", {-0.3034015F, 0, 0.8650984F}},
      {"Gelu", {-0.1586553F, 0, 0.8413447F}}};
  for (const auto& [op, values] : expected) {
    SCOPED_TRACE(op);
    expect_close(folded(op, {x}), line(values));
  }
  expect_close(folded("Gelu", {x}, {{"approximate", std::string("tanh")}}),
               line({-0.1588080F, 0, 0.8411920F}));
  EXPECT_EQ(folded("PRelu", {floats({2, 2}, {-1, 2, -3, -4}), line({0.5F, 2})}),
            floats({2, 2}, {-0.5F, 2, -1.5F, -8}));
  EXPECT_THAT(refusal("PRelu", {x, random_floats({2, 1}, 1)}), HasSubstr("slopes"));
}

TEST(Activations, StayFiniteFarOut) {
  EXPECT_EQ(folded("Softplus", {line({-200, 200})}), line({0, 200}));
  EXPECT_EQ(folded("Sigmoid", {line({-200, 200})}), line({0, 1}));
  EXPECT_EQ(folded("Mish", {line({-200, 200})}), line({0, 200}));
}

TEST(Activations, CutOff) {
  const OnnxTensor x = line({-2, -1, 0, 1, 2});
  EXPECT_EQ(folded("Clip", {x, floats({}, {-1}), floats({}, {1})}), line({-1, -1, 0, 1, 1}));
  EXPECT_EQ(folded("Clip", {x}, {{"max", 1.0F}}, 6), line({-2, -1, 0, 1, 1}));
  EXPECT_EQ(folded("Clip", {integers({-5, 5}), {{}, Ints{0}}}), integers({0, 5}));
  EXPECT_THAT(refusal("Clip", {x, integers({1})}), HasSubstr("input number 2"));
  EXPECT_EQ(folded("Shrink", {x}, {{"lambd", 1.5F}}), line({-2, 0, 0, 0, 2}));
  EXPECT_EQ(folded("Shrink", {x}, {{"lambd", 1.5F}, {"bias", 1.5F}}), line({-0.5F, 0, 0, 0, 0.5F}));
}

}  // namespace
}  // namespace vpinfer
