#pragma once

#include <vector>

#include "net/network.hpp"

namespace vpinfer {

/// Whole outputs [rows][cols][channels] by position.
using Outputs = std::vector<std::vector<float>>;

/// An activation, in double precision.
[[nodiscard]] double reference_activation(const Activation& activation, double x);

/// The whole output of the layer at `position`, from the whole outputs of its inputs: direct loops,
/// sums in double precision, nothing of src/kernel.
[[nodiscard]] std::vector<float> reference_layer(const Network& network, int position,
                                                 const LayerWeights& weights,
                                                 const Outputs& outputs);

/// The outputs of all layers for one frame.
[[nodiscard]] Outputs reference_run(const Network& network,
                                    const std::vector<LayerWeights>& weights,
                                    const std::vector<float>& input);

/// Where the element at (row, col, channel) lies in a whole output.
[[nodiscard]] inline std::size_t flat_index(const Shape& shape, int row, int col, int channel) {
  return static_cast<std::size_t>((row * shape.cols + col) * shape.channels + channel);
}

}  // namespace vpinfer
