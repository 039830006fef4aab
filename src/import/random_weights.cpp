#include <cmath>
#include <memory>
#include <random>

#include "import/darknet.hpp"
#include "import/stored_weights.hpp"
#include "kernel/activation.hpp"

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
      : model_(model),
        uniform_(seed),
        moments_(model.network.layers.size(), 1.0F),
        shared_(model) {}

  LayerWeights make(int position) {
    propagate_up_to(position);
    next_ = position + 1;
    LayerWeights weights =
        std::visit(Maker{*this, position, weight_shape(model_.network, position)},
                   model_.weights.at(position));
    shared_.offer(position, weights);
    return weights;
  }

 private:
  /// Makes the weights of a layer and notes the moment of what it will give.
  struct Maker {
    RandomWeights& random;
    int position;
    WeightShape shape;

    [[nodiscard]] const Layer& layer() const { return random.model_.network.layer(position); }
    [[nodiscard]] float moment_in() const { return random.moment(layer().inputs.front()); }
    void give(float moment) const { random.moments_[index(position)] = moment; }
    void give_activated(float moment) const {
      const Activation* activation = activation_of(layer().operation);
      give(activation == nullptr ? moment : moment_after(*activation, moment));
    }

    LayerWeights operator()(const StoredConvolution& conv) const {
      give_activated(1);
      return random.make_convolution(shape, conv.batch_normalised, moment_in());
    }
    LayerWeights operator()(const StoredConnected& connected) const {
      return (*this)(StoredConvolution{connected.batch_normalised});
    }
    LayerWeights operator()(const StoredLocal&) const {
      const auto& local = std::get<LocallyConnected>(layer().operation);
      give_activated(1);
      return random.make_local(local, shape, moment_in());
    }
    LayerWeights operator()(const StoredBatchNorm&) const {
      give(1);
      return random.make_batch_norm(shape, moment_in());
    }
    LayerWeights operator()(const StoredConstant&) const {
      give(1);
      return {random.uniform_.many(static_cast<int>(shape.elements()), 0.8F, 1.2F),
              std::vector<float>(static_cast<std::size_t>(shape.filters))};
    }
    LayerWeights operator()(const StoredSumWeights& sum) const {
      const int count = shape.channels * (sum.per_channel ? shape.filters : 1);
      float moment = 0;
      for (const int input : layer().inputs) moment += random.moment(input);
      const bool divides = sum.normalisation != SumNormalisation::kNone;
      give_activated(divides ? moment / static_cast<float>(shape.channels) : moment);
      return spread(random.uniform_.many(count, 0.5F, 1.5F), sum, shape);
    }
    LayerWeights operator()(const SharedWeights& shared) const {
      give_activated(1);
      return random.shared_.of(shared);
    }
    LayerWeights operator()(const FixedWeights& fixed) const {
      give(moment_in());
      return repeat(fixed, shape);
    }
  };

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

  /// Numbers as after training, so that values are about 1 behind the batch normalisation.
  DarknetConvolution statistics(int filters, float variance) {
    return {uniform_.many(filters, -0.2F, 0.2F),
            uniform_.many(filters, 0.8F, 1.2F),
            uniform_.many(filters, -0.2F, 0.2F),
            uniform_.many(filters, 0.875F * variance, 1.125F * variance),
            {}};
  }

  LayerWeights make_convolution(const WeightShape& shape, bool batch_normalised, float moment_in) {
    constexpr float kVariance = 4;
    DarknetConvolution stored;
    if (batch_normalised) {
      stored = statistics(shape.filters, kVariance);
    } else {
      stored.biases = uniform_.many(shape.filters, -0.2F, 0.2F);
    }
    const auto fan_in = static_cast<float>(shape.elements_per_filter());
    stored.weights =
        weights(shape.elements(), batch_normalised ? std::sqrt(kVariance) : 1, fan_in * moment_in);
    return fold(stored, shape);
  }

  LayerWeights make_batch_norm(const WeightShape& shape, float moment_in) {
    DarknetConvolution stored = statistics(shape.filters, moment_in);
    stored.weights.assign(static_cast<std::size_t>(shape.filters), 1.0F);
    return fold(stored, shape);
  }

  LayerWeights make_local(const LocallyConnected& local, const WeightShape& shape,
                          float moment_in) {
    const int taps = local.rows.size * local.cols.size;
    const std::vector<float> biases = uniform_.many(shape.filters * shape.rows, -0.2F, 0.2F);
    const std::vector<float> values = weights(shape.elements() - biases.size(), 1,
                                              static_cast<float>(shape.channels - 1) * moment_in);
    return interleave(values, biases, shape, taps);
  }

  /// Layers without weights pass on what they get, sums add up, products multiply; a maximum is
  /// larger than its average rival, a mean smaller.
  void propagate_up_to(int position) {
    constexpr float kMaxPoolGain = 1.5F;  // of neighbours that resemble each other
    constexpr float kMeanGain = 0.2F;
    for (; next_ < position; ++next_) {
      const Layer& layer = model_.network.layer(next_);
      if (layer.inputs.empty()) continue;
      float sum = 0;
      float product = 1;
      for (const int input : layer.inputs) {
        sum += moment(input);
        product *= moment(input);
      }
      float& result = moments_[index(next_)];
      const auto* pair = std::get_if<Elementwise>(&layer.operation);
      const bool adds = std::holds_alternative<Shortcut>(layer.operation) ||
                        std::holds_alternative<Sum>(layer.operation) ||
                        (pair != nullptr && pair->function == Arithmetic::kAdd);
      const bool multiplies = pair != nullptr && pair->function == Arithmetic::kMultiply;
      result = adds ? sum : multiplies ? product : sum / static_cast<float>(layer.inputs.size());
      if (std::holds_alternative<MaxPool>(layer.operation)) result *= kMaxPoolGain;
      if (std::holds_alternative<AveragePool>(layer.operation)) result *= kMeanGain;
    }
  }

  const DarknetModel& model_;
  Uniform uniform_;
  std::vector<float> moments_;
  SharedLayers shared_;
  int next_ = 0;  // layers before it have their moment
};

}  // namespace

WeightSource random_weights(const DarknetModel& model, std::uint64_t seed) {
  const auto weights = std::make_shared<RandomWeights>(model, seed);
  return [weights](int position) { return weights->make(position); };
}

}  // namespace vpinfer
