#pragma once

#include <cstddef>
#include <span>

#include "net/network.hpp"
#include "vpinfer/number_format.hpp"

namespace vpinfer {

/// In which order the weights of a slice lie in memory.
enum class WeightForm {
  kRows,    ///< [filters][rows][cols][channels]: as files have them and BLAS takes them
  kPanels,  ///< [filters / n][rows][cols][channels][n], n being what the micro-kernel of this
            ///< processor takes at once; zeros fill the last panel
};

/// How the weights of a slice lie in memory.  What is not floats is widened block by block.
struct WeightStorage {
  WeightForm form = WeightForm::kRows;
  NumberFormat format = NumberFormat::kFloat;
  bool operator==(const WeightStorage&) const = default;
};

/// A block of a layer's weights and the biases of its filters.
struct WeightSlice {
  WeightRange range;  ///< which weights of the layer
  WeightStorage storage;
  std::span<const std::byte> weights;  ///< those of the range, so stored, aligned as floats are
  std::span<const float> biases;       ///< [range.filters]

  /// The weights, where they are stored as floats.
  [[nodiscard]] std::span<const float> floats() const {
    return {reinterpret_cast<const float*>(weights.data()), weights.size() / sizeof(float)};
  }

  [[nodiscard]] std::span<const float> biases_of(Interval filters) const {
    return biases.subspan(static_cast<std::size_t>(filters.begin - range.filters.begin),
                          static_cast<std::size_t>(filters.size()));
  }
};

}  // namespace vpinfer
