#pragma once

#include "net/network.hpp"

namespace vpinfer {

/// A part of a layer's numbers, element by element.
inline LayerWeights cut(const LayerWeights& whole, const WeightShape& shape,
                        const WeightRange& part) {
  LayerWeights result;
  for (int filter = part.filters.begin; filter < part.filters.end; ++filter) {
    result.biases.push_back(whole.biases[static_cast<std::size_t>(filter)]);
    for (int tap = 0; tap < shape.rows * shape.cols; ++tap) {
      for (int channel = part.channels.begin; channel < part.channels.end; ++channel) {
        const int at = (filter * shape.rows * shape.cols + tap) * shape.channels + channel;
        result.weights.push_back(whole.weights[static_cast<std::size_t>(at)]);
      }
    }
  }
  return result;
}

}  // namespace vpinfer
