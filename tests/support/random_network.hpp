#pragma once

#include <cstdint>
#include <vector>

#include "net/network.hpp"
#include "support/random.hpp"
#include "vpinfer/plan.hpp"

namespace vpinfer {

/// A small network of odd extents with every kind of layer, skip connections, layers that nobody
/// reads and sometimes a Region at its end.
[[nodiscard]] Network random_network(std::uint32_t seed);

/// Weights and biases by position, scaled so that values neither vanish nor explode.
[[nodiscard]] std::vector<LayerWeights> seeded_weights(const Network& network, std::uint32_t seed);

/// A frame for the network.
[[nodiscard]] std::vector<float> seeded_input(const Network& network, std::uint32_t seed);

/// A plan that no strategy would make: each output is cut at random places along random axes, the
/// pieces go to random ranks, some ranks get nothing, and now and then two boxes overlap.
[[nodiscard]] Plan random_plan(const Network& network, int ranks, std::uint32_t seed);

/// Every layer cut by a grid of its own, of rows, columns, channels and sums, over some of the
/// ranks in any order, with uneven shares and empty ones.
[[nodiscard]] Plan random_grids(const Network& network, int ranks, std::uint32_t seed);

/// A box within `bounds`; not empty if `bounds` is not.
[[nodiscard]] Box random_box(const Box& bounds, Random& random);

}  // namespace vpinfer
