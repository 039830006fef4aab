// Operators with sliding windows, resizing and quantised numbers, on tensors.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/folded.hpp"
#include "support/nd_array.hpp"

namespace vpinfer {
namespace {

using testing::HasSubstr;

TEST(TensorWindows, ConvolveSignals) {
  const OnnxTensor signal = floats({1, 1, 4}, {1, 2, 3, 4});
  const OnnxTensor filter = floats({1, 1, 2}, {1, 10});
  EXPECT_EQ(folded("Conv", {signal, filter}), floats({1, 1, 3}, {21, 32, 43}));
  EXPECT_EQ(folded("Conv", {signal, filter, floats({1}, {100})},
                   {{"pads", Ints{1, 0}}, {"strides", Ints{2}}}),
            floats({1, 1, 2}, {110, 132}));
  EXPECT_EQ(folded("ConvTranspose", {signal, filter}), floats({1, 1, 5}, {1, 12, 23, 34, 40}));
  EXPECT_THAT(refusal("Conv", {signal, floats({1, 2, 2}, {1, 1, 1, 1})}), HasSubstr("do not fit"));
}

TEST(TensorWindows, ConvolveVolumesAsTheDefinition) {
  const OnnxTensor volume = random_floats({2, 4, 3, 5, 4}, 1);
  const OnnxTensor filters = random_floats({6, 2, 2, 3, 2}, 2);
  const OnnxTensor result = folded("Conv", {volume, filters},
                                   {{"group", std::int64_t{2}},
                                    {"strides", Ints{1, 2, 1}},
                                    {"dilations", Ints{1, 1, 2}},
                                    {"pads", Ints{0, 1, 1, 1, 0, 0}}});
  const NdArray x = nd_array(volume);
  const NdArray w = nd_array(filters);
  const NdArray expected = generate({2, 6, 3, 2, 3}, [&](const Ints& at) {
    double sum = 0;
    for_each_index({2, 2, 3, 2}, [&](const Ints& tap) {
      const Ints from{at[0], at[1] / 3 * 2 + tap[0], at[2] + tap[1], at[3] * 2 - 1 + tap[2],
                      at[4] - 1 + 2 * tap[3]};
      if (x.has(from)) sum += x(from) * w({at[1], tap[0], tap[1], tap[2], tap[3]});
    });
    return sum;
  });
  ASSERT_EQ(result.dims, expected.dims);
  for (std::size_t i = 0; i < expected.values.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(result.floats()[i]), expected.values[i], 1e-5);
  }
}

TEST(TensorWindows, PoolAndUnpool) {
  const OnnxTensor signal = floats({1, 1, 5}, {1, 5, 2, 4, 3});
  const Ints two{2};
  EXPECT_EQ(folded("MaxPool", {signal}, {{"kernel_shape", two}, {"strides", two}}),
            floats({1, 1, 2}, {5, 4}));
  EXPECT_EQ(folded("AveragePool", {signal},
                   {{"kernel_shape", two}, {"strides", two}, {"ceil_mode", std::int64_t{1}}}),
            floats({1, 1, 3}, {3, 3, 3}));
  EXPECT_EQ(folded("GlobalMaxPool", {signal}), floats({1, 1, 1}, {5}));
  EXPECT_EQ(folded("MaxUnpool", {floats({1, 1, 2}, {5, 4}), {{1, 1, 2}, Ints{1, 3}}},
                   {{"kernel_shape", two}, {"strides", two}}),
            floats({1, 1, 4}, {0, 5, 0, 4}));
  EXPECT_THAT(refusal("MaxPool", {signal}, {{"kernel_shape", Ints{6}}}),
              HasSubstr("larger than its input"));
}

TEST(TensorWindows, ResizeAnyAxis) {
  const OnnxTensor signal = floats({1, 1, 2}, {0, 4});
  const auto resized = [&](const std::string& mode) {
    return folded("Resize", {signal, floats({0}, {}), floats({3}, {1, 1, 2})}, {{"mode", mode}});
  };
  EXPECT_EQ(resized("nearest"), floats({1, 1, 4}, {0, 0, 4, 4}));
  EXPECT_EQ(resized("linear"), floats({1, 1, 4}, {0, 1, 3, 4}));
}

TEST(QuantisedTensors, AreLimitedByTheTypeOfTheirZeroPoint) {
  OnnxTensor zero{{}, Ints{0}};
  const OnnxTensor data = floats({4}, {-400, -2.5F, 3.5F, 400});
  EXPECT_EQ(folded("QuantizeLinear", {data, floats({}, {1}), zero}).integers(),
            (Ints{0, 0, 4, 255}));
  zero.type = OnnxIntegerType::kInt8;
  EXPECT_EQ(folded("QuantizeLinear", {data, floats({}, {1}), zero}).integers(),
            (Ints{-128, -2, 4, 127}));
}

TEST(QuantisedTensors, HaveScalesForAnAxis) {
  EXPECT_EQ(folded("DequantizeLinear",
                   {{{2, 2}, Ints{1, 2, 3, 4}}, floats({2}, {1, 10}), integers({0, 1})},
                   {{"axis", std::int64_t{1}}}),
            floats({2, 2}, {1, 10, 3, 30}));
  EXPECT_EQ(folded("MatMulInteger",
                   {{{1, 2}, Ints{3, 5}}, {{2, 1}, Ints{1, 2}}, {{}, Ints{1}}, {{}, Ints{0}}}),
            (OnnxTensor{{1, 1}, Ints{10}}));
}

}  // namespace
}  // namespace vpinfer
