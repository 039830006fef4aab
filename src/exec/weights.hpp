#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "base/float_buffer.hpp"
#include "kernel/weight_slice.hpp"
#include "plan/distribution.hpp"

namespace vpinfer {

/// Fills some of the weights of the layer at a position, [filters][rows][cols][channels], and the
/// biases of their filters.
using WeightReader = std::function<void(int position, const WeightRange& range,
                                        std::span<float> weights, std::span<float> biases)>;

/// The pieces in which `rank` loads what it stores of the layer at `position`, in their order. What
/// is packed comes some MiB at a time, so that no layer is in memory twice, in rows and in panels.
[[nodiscard]] std::vector<WeightRange> pieces_to_load(const Distribution& distribution,
                                                      int position, int rank);

/// One rank's weights, in one allocation; views stay valid for the object's life.
class Weights {
 public:
  Weights(const Distribution& distribution, int rank);

  /// What `rank` stores of the layer at `position`; an empty range if nothing.
  [[nodiscard]] const WeightSlice& slice(int position) const {
    return layers_[static_cast<std::size_t>(position)].slice;
  }
  /// Fills the slice of one layer, piece by piece; does nothing if the rank stores none of it.
  void load(int position, const WeightReader& reader);
  /// What all loading took, of which packing is a part.
  [[nodiscard]] double load_seconds() const { return load_seconds_; }

 private:
  struct StoredLayer {
    WeightSlice slice;
    WeightShape shape;             ///< of the slice
    std::span<std::byte> weights;  ///< what the slice shows
    std::span<float> biases;
    std::vector<WeightRange> pieces;
  };

  FloatBuffer storage_;
  std::vector<StoredLayer> layers_;  // by position
  FloatBuffer room_;  // for a piece that is packed; none once the last layer is loaded
  double load_seconds_ = 0;
};

}  // namespace vpinfer
