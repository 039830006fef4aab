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

}  // namespace vpinfer
