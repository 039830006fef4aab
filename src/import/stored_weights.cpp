#include "stored_weights.hpp"

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

LayerWeights interleave(const std::vector<float>& weights, const std::vector<float>& biases,
                        const WeightShape& shape, int taps) {
  LayerWeights result{std::vector<float>(shape.elements()),
                      std::vector<float>(static_cast<std::size_t>(shape.filters))};
  const int pixels = shape.rows;
  const int channels = (shape.channels - 1) / taps;
  const float* source = weights.data();
  for (int pixel = 0; pixel < pixels; ++pixel) {
    for (int filter = 0; filter < shape.filters; ++filter) {
      const auto at = static_cast<std::size_t>(filter * pixels + pixel);
      float* target = result.weights.data() + at * static_cast<std::size_t>(shape.channels);
      for (int channel = 0; channel < channels; ++channel) {
        for (int tap = 0; tap < taps; ++tap) target[tap * channels + channel] = *source++;
      }
      target[taps * channels] = biases[at];
    }
  }
  return result;
}

}  // namespace vpinfer
