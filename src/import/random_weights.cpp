#include <cmath>
#include <memory>
#include <random>

#include "stored_weights.hpp"
#include "vpinfer/import/darknet.hpp"
#include "vpinfer/kernel/activation.hpp"

namespace vpinfer {
namespace {

/// Uniform numbers whose bits do not depend on the standard library's distributions.
class Uniform {
 public:
  explicit Uniform(std::uint64_t seed) : engine_(seed) {}

  /// From low to high.
  float operator()(float low, float high) {
    const double unit = static_cast<double>(engine_() >> 11U) * 0x1p-53;
    return static_cast<float>(low + (high - low) * unit);
  }

  std::vector<float> many(int count, float low, float high) {
    std::vector<float> values(static_cast<std::size_t>(count));
    for (float& value : values) value = (*this)(low, high);
    return values;
  }

 private:
  std::mt19937_64 engine_;
};

/// E[f(x)^2] for normal x of the given variance, by the midpoint rule over +-4 deviations.
float moment_after(const Activation& activation, float variance) {
  constexpr int kPoints = 400;
  std::vector<float> values;
  std::vector<float> densities;
  float total = 0;
  for (int i = 0; i < kPoints; ++i) {
    const float deviation = 8.0F * (static_cast<float>(i) + 0.5F) / kPoints - 4;
    values.push_back(deviation * std::sqrt(variance));
    densities.push_back(std::exp(-deviation * deviation / 2));
    total += densities.back();
  }
  const float no_bias = 0;
  add_bias_and_activate(values.data(), values.size(), 1, {&no_bias, 1}, activation);
  float moment = 0;
  for (std::size_t i = 0; i < values.size(); ++i) moment += densities[i] * values[i] * values[i];
  return moment / total;
}

/// Makes weights layer by layer and keeps the expected second moment E[x^2] of every output.
class RandomWeights {
 public:
  RandomWeights(const DarknetModel& model, std::uint64_t seed)
      : model_(model), uniform_(seed), moments_(model.network.layers.size(), 1.0F) {}

  LayerWeights make(int position) {
    propagate_up_to(position);
    next_ = position + 1;
    const Network& network = model_.network;
    const Layer& layer = network.layer(position);
    const WeightShape shape = weight_shape(network, position);
    const float moment_in = moment(layer.inputs.front());
    if (const auto* local = std::get_if<LocallyConnected>(&layer.operation)) {
      return make_local(position, *local, shape, moment_in);
    }
    const auto& conv = std::get<Convolution>(layer.operation);
    DarknetConvolution stored;
    stored.biases = uniform_.many(shape.filters, -0.2F, 0.2F);
    float gain = 1;
    if (model_.batch_normalised.contains(position)) {
      stored.scales = uniform_.many(shape.filters, 0.8F, 1.2F);
      stored.means = uniform_.many(shape.filters, -0.2F, 0.2F);
      stored.variances = uniform_.many(shape.filters, 3.5F, 4.5F);
      gain = 2;  // the batch normalisation divides by it again
    }
    const auto fan_in = static_cast<float>(shape.elements_per_filter());
    stored.weights = weights(shape.elements(), gain, fan_in * moment_in);
    moments_[index(position)] = moment_after(conv.activation, 1);
    return fold(stored, shape);
  }

 private:
  static std::size_t index(int position) { return static_cast<std::size_t>(position); }
  float moment(int position) const { return moments_[index(position)]; }

  /// Weights that turn sums of that second moment into ones of gain^2.  A uniform variable between
  /// +-limit has the variance limit^2 / 3.
  std::vector<float> weights(std::size_t count, float gain, float moment_of_sum) {
    const float limit = gain * std::sqrt(3 / moment_of_sum);
    std::vector<float> values(count);
    for (float& value : values) value = uniform_(-limit, limit);
    return values;
  }

  LayerWeights make_local(int position, const LocallyConnected& local, const WeightShape& shape,
                          float moment_in) {
    const int taps = local.rows.size * local.cols.size;
    const std::vector<float> biases = uniform_.many(shape.filters * shape.rows, -0.2F, 0.2F);
    const std::vector<float> values = weights(shape.elements() - biases.size(), 1,
                                              static_cast<float>(shape.channels - 1) * moment_in);
    moments_[index(position)] = moment_after(local.activation, 1);
    return interleave(values, biases, shape, taps);
  }

  /// Layers without weights pass on what they get, sums add up; a maximum is larger than its
  /// average rival, a mean smaller.
  void propagate_up_to(int position) {
    constexpr float kMaxPoolGain = 1.5F;  // of neighbours that resemble each other
    constexpr float kMeanGain = 0.2F;
    for (; next_ < position; ++next_) {
      const Layer& layer = model_.network.layer(next_);
      if (layer.inputs.empty()) continue;
      float sum = 0;
      for (const int input : layer.inputs) sum += moment(input);
      float& result = moments_[index(next_)];
      const bool adds = std::holds_alternative<Shortcut>(layer.operation);
      result = adds ? sum : sum / static_cast<float>(layer.inputs.size());
      if (std::holds_alternative<MaxPool>(layer.operation)) result *= kMaxPoolGain;
      if (std::holds_alternative<AveragePool>(layer.operation)) result *= kMeanGain;
    }
  }

  const DarknetModel& model_;
  Uniform uniform_;
  std::vector<float> moments_;
  int next_ = 0;  // layers before it have their moment
};

}  // namespace

WeightSource random_weights(const DarknetModel& model, std::uint64_t seed) {
  const auto weights = std::make_shared<RandomWeights>(model, seed);
  return [weights](int position) { return weights->make(position); };
}

}  // namespace vpinfer
