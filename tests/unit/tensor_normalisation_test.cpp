// Operators that normalise; numbers as in ONNX's specification, or short enough to reckon.

#include "support/folded.hpp"
#include "support/nd_array.hpp"

namespace vpinfer {
namespace {

using testing::HasSubstr;

const OnnxTensor kTwoChannels = floats({1, 2, 1, 3}, {-1, 0, 1, 2, 3, 4});
const OnnxTensor kScale = floats({2}, {1, 1.5F});
const OnnxTensor kBias = floats({2}, {0, 1});

TEST(Normalisation, OfChannels) {
  expect_close(folded("InstanceNormalization", {kTwoChannels, kScale, kBias}),
               floats({1, 2, 1, 3}, {-1.2247356F, 0, 1.2247356F, -0.8371035F, 1, 2.8371034F}));
  expect_close(folded("BatchNormalization",
                      {kTwoChannels, kScale, kBias, floats({2}, {0, 3}), floats({2}, {1, 1.5F})}),
               floats({1, 2, 1, 3}, {-0.9999950F, 0, 0.9999950F, -0.2247407F, 1, 2.2247407F}));
  EXPECT_THAT(refusal("InstanceNormalization", {kTwoChannels, floats({3}, {1, 1, 1}), kBias}),
              HasSubstr("2 numbers"));
}

TEST(Normalisation, OfABatchInTraining) {
  const std::vector<OnnxTensor> results = all_folded(
      "BatchNormalization", {kTwoChannels, kScale, kBias, floats({2}, {0, 3}), floats({2}, {1, 1})},
      {{"training_mode", std::int64_t{1}}, {"momentum", 0.5F}}, 15);
  expect_close(results[0],
               floats({1, 2, 1, 3}, {-1.2247356F, 0, 1.2247356F, -0.8371035F, 1, 2.8371034F}));
  expect_close(results[1], floats({2}, {0, 3}));
  expect_close(results[2], floats({2}, {5 / 6.0F, 5 / 6.0F}));
}

TEST(Normalisation, OfGroupsOfChannels) {
  const OnnxTensor x = floats({1, 4, 1}, {1, 3, 5, 7});
  const OnnxTensor expected = floats({1, 4, 1}, {-1, 1, -1.5F, 2.5F});
  const Attributes two_groups{{"num_groups", std::int64_t{2}}, {"epsilon", 0.0F}};
  EXPECT_EQ(folded("GroupNormalization", {x, floats({2}, {1, 2}), floats({2}, {0, 0.5F})},
                   two_groups, 18),
            expected);
  EXPECT_EQ(folded("GroupNormalization",
                   {x, floats({4}, {1, 1, 2, 2}), floats({4}, {0, 0, 0.5F, 0.5F})}, two_groups, 21),
            expected);
  EXPECT_THAT(refusal("GroupNormalization", {x, kScale, kBias}, {{"num_groups", std::int64_t{3}}}),
              HasSubstr("4 channels among 3 groups"));
}

TEST(Normalisation, OfTheLastAxes) {
  const OnnxTensor x = floats({2, 2}, {1, 3, 5, 9});
  const std::vector<OnnxTensor> results =
      all_folded("LayerNormalization", {x, kScale, kBias}, {{"epsilon", 0.0F}}, 17);
  EXPECT_EQ(results[0], floats({2, 2}, {-1, 2.5F, -1, 2.5F}));
  EXPECT_EQ(results[1], floats({2, 1}, {2, 7}));
  EXPECT_EQ(results[2], floats({2, 1}, {1, 0.5F}));
  EXPECT_THAT(refusal("LayerNormalization", {x, random_floats({3, 1, 1}, 1)}), HasSubstr("2x2"));
  expect_close(
      folded("RMSNormalization", {floats({1, 2}, {3, 4}), kScale}, {{"epsilon", 0.0F}}, 23),
      floats({1, 2}, {0.8485281F, 1.6970563F}));
}

TEST(Normalisation, ByLengthsAndNeighbours) {
  EXPECT_EQ(folded("MeanVarianceNormalization", {floats({1, 1, 1, 2}, {1, 3})}),
            floats({1, 1, 1, 2}, {-1, 1}));
  expect_close(folded("LpNormalization", {floats({2, 2}, {3, 4, 0, 0})}),
               floats({2, 2}, {0.6F, 0.8F, 0, 0}));
  expect_close(folded("LpNormalization", {floats({2}, {3, -4})}, {{"p", std::int64_t{1}}}),
               floats({2}, {3 / 7.0F, -4 / 7.0F}));
  expect_close(folded("LRN", {floats({1, 3, 1}, {1, 2, 3})},
                      {{"size", std::int64_t{3}}, {"alpha", 3.0F}, {"beta", 1.0F}}),
               floats({1, 3, 1}, {1 / 6.0F, 2 / 15.0F, 3 / 14.0F}));
}

}  // namespace
}  // namespace vpinfer
