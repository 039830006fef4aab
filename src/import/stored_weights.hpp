#pragma once

#include <map>
#include <vector>

#include "import/darknet.hpp"
#include "net/network.hpp"

namespace vpinfer {

/// What keeps batch normalisation from dividing by 0: 1 / (sqrt(variance + inside) + outside).
struct VarianceGuard {
  float inside = 0;
  float outside = 0.000001F;  ///< Darknet's, normalize_cpu in its src/blas.c
};

/// A convolution as Darknet stores it: weights [filters][channels][rows][cols].
struct DarknetConvolution {
  std::vector<float> biases;
  std::vector<float> scales;  ///< this and the next two are empty without batch normalisation
  std::vector<float> means;
  std::vector<float> variances;
  std::vector<float> weights;
};

/// Folds the batch normalisation into weights and biases and puts the channels last.
[[nodiscard]] LayerWeights fold(const DarknetConvolution& stored, const WeightShape& shape,
                                const VarianceGuard& guard = {});

/// The weights of a sum, [inputs] or [inputs][channels] as stored, normalised and channel by
/// channel.
[[nodiscard]] LayerWeights spread(const std::vector<float>& stored, const StoredSumWeights& how,
                                  const WeightShape& shape);

/// The weights that FixedWeights are for a layer.
[[nodiscard]] LayerWeights repeat(const FixedWeights& fixed, const WeightShape& shape);

/// Weights that other layers share, kept from when they were read.
class SharedLayers {
 public:
  explicit SharedLayers(const DarknetModel& model);

  /// Keeps a copy of a layer's weights if others share them.
  void offer(int position, const LayerWeights& weights);
  [[nodiscard]] const LayerWeights& of(const SharedWeights& shared) const {
    return kept_.at(shared.source);
  }

 private:
  std::map<int, LayerWeights> kept_;  // empty until they are read
};

/// A locally connected layer as Darknet stores it: weights [pixels][filters][channels][taps] and
/// biases [filters][pixels] become weights [filters][pixels][taps, channels last; then the bias].
/// `taps` are the positions of a window.
[[nodiscard]] LayerWeights interleave(const std::vector<float>& weights,
                                      const std::vector<float>& biases, const WeightShape& shape,
                                      int taps);

}  // namespace vpinfer
