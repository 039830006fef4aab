#pragma once

#include <vector>

#include "vpinfer/net/network.hpp"

namespace vpinfer {

/// A convolution as Darknet stores it: weights [filters][channels][rows][cols].
struct DarknetConvolution {
  std::vector<float> biases;
  std::vector<float> scales;  ///< this and the next two are empty without batch normalisation
  std::vector<float> means;
  std::vector<float> variances;
  std::vector<float> weights;
};

/// Folds the batch normalisation into weights and biases and puts the channels last.
[[nodiscard]] LayerWeights fold(const DarknetConvolution& stored, const WeightShape& shape);

/// A locally connected layer as Darknet stores it: weights [pixels][filters][channels][taps] and
/// biases [filters][pixels] become weights [filters][pixels][taps, channels last; then the bias].
/// `taps` are the positions of a window.
[[nodiscard]] LayerWeights interleave(const std::vector<float>& weights,
                                      const std::vector<float>& biases, const WeightShape& shape,
                                      int taps);

}  // namespace vpinfer
