#include "exec/weights.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "kernel/convolution/packing.hpp"
#include "search/planner.hpp"
#include "support/random.hpp"
#include "support/weight_cut.hpp"

namespace vpinfer {
namespace {

/// One convolution whose weights take more than one piece, the last of them short.
struct LargeLayer {
  LargeLayer() {
    const Window window{3, 1, 1, 1};
    network.layers.push_back({Input{}, {}, {4, 4, 1024}});
    add_layer(network, Convolution{200, 1, window, window}, {0}, "test");
    Random random(1);
    numbers.weights = random.reals(weight_shape(network, 1).elements(), -1, 1);
    numbers.biases = random.reals(200, -1, 1);
  }

  /// Loaded by way of a reader that notes the pieces.
  Weights load(const Plan& plan, int rank) {
    Weights weights({network, plan}, rank);
    weights.load(
        1, [&](int, const WeightRange& range, std::span<float> rows, std::span<float> biases) {
          const LayerWeights part = cut(numbers, weight_shape(network, 1), range);
          ASSERT_EQ(rows.size(), part.weights.size());
          ASSERT_EQ(biases.size(), part.biases.size());
          std::copy(part.weights.begin(), part.weights.end(), rows.begin());
          std::copy(part.biases.begin(), part.biases.end(), biases.begin());
          pieces.push_back(range);
        });
    return weights;
  }

  Network network;
  LayerWeights numbers;
  std::vector<WeightRange> pieces;
};

std::vector<float> to_vector(std::span<const float> floats) {
  return {floats.begin(), floats.end()};
}

void check_packing(NumberFormat precision) {
  LargeLayer layer;
  layer.network.precision = precision;
  const Plan plan = make_plan(layer.network, Strategy::kSingle, 1);
  const Weights weights = layer.load(plan, 0);
  const WeightSlice& slice = weights.slice(1);
  ASSERT_EQ(slice.storage, (WeightStorage{WeightForm::kPanels, precision}));
  EXPECT_EQ(layer.pieces.size(), 3U);
  EXPECT_EQ(layer.pieces, pieces_to_load({layer.network, plan}, 1, 0));

  const WeightShape shape = weight_shape(layer.network, 1);
  std::vector<std::byte> panels(stored_bytes(slice.storage, shape));
  pack(shape, layer.numbers.weights, precision, panels);
  EXPECT_EQ(std::memcmp(slice.weights.data(), panels.data(), slice.weights.size_bytes()), 0);
  EXPECT_EQ(slice.weights.size(), panels.size());
  EXPECT_EQ(to_vector(slice.biases), layer.numbers.biases);
}

TEST(Weights, ArePackedPieceByPiece) {
  check_packing(NumberFormat::kFloat);
  check_packing(NumberFormat::kHalf);
}

TEST(Weights, TakeHalfTheMemoryAsHalves) {
  LargeLayer layer;
  const Plan plan = make_plan(layer.network, Strategy::kSingle, 1);
  const WeightBytes as_floats = Distribution(layer.network, plan).weight_bytes(0);
  layer.network.precision = NumberFormat::kHalf;
  const WeightBytes as_halves = Distribution(layer.network, plan).weight_bytes(0);
  EXPECT_EQ(as_halves, (WeightBytes{as_floats.rows, 0, as_floats.panels / 2}));
}

TEST(Weights, StayAsTheyAreForBlas) {
  LargeLayer layer;
  const Plan plan =
      make_plan(layer.network, Strategy::kSingle, 1, {.formats = {.conv = ConvolutionPath::kBlas}});
  const Weights weights = layer.load(plan, 0);
  EXPECT_EQ(layer.pieces.size(), 1U);
  EXPECT_EQ(weights.slice(1).storage.form, WeightForm::kRows);
  EXPECT_EQ(to_vector(weights.slice(1).floats()), layer.numbers.weights);
}

}  // namespace
}  // namespace vpinfer
