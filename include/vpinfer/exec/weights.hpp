#pragma once

#include <functional>
#include <span>
#include <vector>

#include "vpinfer/base/float_buffer.hpp"
#include "vpinfer/kernel/convolution.hpp"
#include "vpinfer/plan/plan.hpp"

namespace vpinfer {

/// Fills the weights [filters][rows][cols][channels] and biases [filters] of some filters of the
/// layer at a position.
using FilterReader = std::function<void(int position, Interval filters, std::span<float> weights,
                                        std::span<float> biases)>;

/// Floats of the weights and biases of some filters of a layer.
[[nodiscard]] std::size_t slice_floats(const Network& network, int position, Interval filters);

/// One rank's weights, in one allocation; views stay valid for the object's life.
class Weights {
 public:
  Weights(const Network& network, const Plan& plan, int rank);

  /// What `rank` stores of the layer at `position`; no filters if nothing.
  [[nodiscard]] const FilterSlice& slice(int position) const {
    return slices_[static_cast<std::size_t>(position)];
  }
  /// Fills the slice of one layer; does nothing if the rank stores none of it.
  void load(int position, const FilterReader& reader);

 private:
  FloatBuffer storage_;
  std::vector<std::size_t> offsets_;
  std::vector<FilterSlice> slices_;
};

}  // namespace vpinfer
