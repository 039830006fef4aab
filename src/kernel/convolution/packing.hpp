#pragma once

#include <cstddef>
#include <span>

#include "kernel/weight_slice.hpp"

namespace vpinfer {

/// A slice in panels is filled up to a multiple of this, which the panels of every processor
/// divide.
inline constexpr int kPackedFilters = 32;

/// `filters`, filled up like that.
[[nodiscard]] constexpr int packed_filters(int filters) {
  return divide_up(filters, kPackedFilters) * kPackedFilters;
}

/// Bytes of a slice so stored; the same on every processor.
[[nodiscard]] std::size_t stored_bytes(const WeightStorage& storage, const WeightShape& slice);

/// Packs `part`, rows of weights of whole groups of kPackedFilters (the last may be short), to the
/// panels that begin with the first of them, in a format.
void pack(const WeightShape& part, std::span<const float> rows, NumberFormat format,
          std::span<std::byte> panels);

}  // namespace vpinfer
