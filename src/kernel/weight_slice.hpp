#pragma once

#include <cstddef>
#include <span>

#include "net/network.hpp"

namespace vpinfer {

/// How the weights of a slice lie in memory.
enum class WeightForm {
  kRows,       ///< [filters][rows][cols][channels]: as files have them and BLAS takes them
  kPanels,     ///< [filters / n][rows][cols][channels][n], n being what the micro-kernel of this
               ///< processor takes at once; zeros fill the last panel
  kHalfPanels  ///< the same in half precision, two to a float; widened block by block
};

/// A block of a layer's weights and the biases of its filters.
struct WeightSlice {
  WeightRange range;  ///< which weights of the layer
  WeightForm form = WeightForm::kRows;
  std::span<const float> weights;  ///< those of the range, in the form
  std::span<const float> biases;   ///< [range.filters]

  [[nodiscard]] std::span<const float> biases_of(Interval filters) const {
    return biases.subspan(static_cast<std::size_t>(filters.begin - range.filters.begin),
                          static_cast<std::size_t>(filters.size()));
  }
};

}  // namespace vpinfer
