#include "import/stored_weights.hpp"

#include <algorithm>
#include <cmath>

namespace vpinfer {
namespace {

float deviation(float variance, const VarianceGuard& guard) {
  const bool subnormal = std::fpclassify(variance) == FP_SUBNORMAL;
  return std::sqrt((subnormal ? 0 : variance) + guard.inside) + guard.outside;
}

/// In the forks' arithmetic, shortcut_multilayer_cpu in src/blas.c.
std::vector<float> normalised(std::vector<float> weights, SumNormalisation how) {
  constexpr float kEpsilon = 0.0001F;
  if (how == SumNormalisation::kNone) return weights;
  const float largest = *std::max_element(weights.begin(), weights.end());
  float sum = kEpsilon;
  for (float& weight : weights) {
    weight = how == SumNormalisation::kRelu ? std::max(weight, 0.0F) : std::exp(weight - largest);
    sum += weight;
  }
  for (float& weight : weights) weight /= sum;
  return weights;
}

}  // namespace

LayerWeights fold(const DarknetConvolution& stored, const WeightShape& shape,
                  const VarianceGuard& guard) {
  LayerWeights folded{std::vector<float>(shape.elements()), stored.biases};
  const float* source = stored.weights.data();
  for (int filter = 0; filter < shape.filters; ++filter) {
    const auto f = static_cast<std::size_t>(filter);
    float factor = 1;
    if (!stored.scales.empty()) {
      factor = stored.scales[f] / deviation(stored.variances[f], guard);
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

LayerWeights spread(const std::vector<float>& stored, const StoredSumWeights& how,
                    const WeightShape& shape) {
  LayerWeights result{{}, std::vector<float>(static_cast<std::size_t>(shape.filters))};
  const auto channels = static_cast<std::size_t>(shape.filters);
  for (std::size_t channel = 0; channel < channels; ++channel) {
    std::vector<float> of_inputs;
    for (std::size_t input = 0; input < static_cast<std::size_t>(shape.channels); ++input) {
      of_inputs.push_back(stored[how.per_channel ? input * channels + channel : input]);
    }
    of_inputs = normalised(std::move(of_inputs), how.normalisation);
    result.weights.insert(result.weights.end(), of_inputs.begin(), of_inputs.end());
  }
  return result;
}

LayerWeights repeat(const FixedWeights& fixed, const WeightShape& shape) {
  LayerWeights result{{}, std::vector<float>(static_cast<std::size_t>(shape.filters))};
  for (int filter = 0; filter < shape.filters; ++filter) {
    result.weights.insert(result.weights.end(), fixed.taps.begin(), fixed.taps.end());
  }
  return result;
}

SharedLayers::SharedLayers(const DarknetModel& model) {
  for (const auto& [position, weights] : model.weights) {
    if (const auto* shared = std::get_if<SharedWeights>(&weights)) kept_[shared->source] = {};
  }
}

void SharedLayers::offer(int position, const LayerWeights& weights) {
  if (const auto found = kept_.find(position); found != kept_.end()) found->second = weights;
}

}  // namespace vpinfer
