#include "batch_norm.hpp"

#include <cmath>

namespace vpinfer {

LayerWeights fold(const DarknetConvolution& stored, const WeightShape& shape) {
  constexpr float kEpsilon = 0.000001F;  // normalize_cpu in Darknet's src/blas.c
  LayerWeights folded{std::vector<float>(shape.elements()), stored.biases};
  const float* source = stored.weights.data();
  for (int filter = 0; filter < shape.filters; ++filter) {
    const auto f = static_cast<std::size_t>(filter);
    float factor = 1;
    if (!stored.scales.empty()) {
      factor = stored.scales[f] / (std::sqrt(stored.variances[f]) + kEpsilon);
      folded.biases[f] -= stored.means[f] * factor;
    }
    float* target = folded.weights.data() + f * shape.elements_per_filter();
    for (int channel = 0; channel < shape.channels; ++channel) {
      for (int tap = 0; tap < shape.rows * shape.cols; ++tap) {
        target[tap * shape.channels + channel] = factor * *source++;
      }
    }
  }
  return folded;
}

}  // namespace vpinfer
