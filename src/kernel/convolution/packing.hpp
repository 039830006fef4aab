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

/// Floats of a slice in a form; the same on every processor.
[[nodiscard]] std::size_t stored_floats(WeightForm form, const WeightShape& slice);

/// Packs `part`, rows of weights of whole groups of kPackedFilters (the last may be short), to the
/// panels of a form that begin with the first of them.  Halves are rounded as by `round_to_halves`.
void pack(const WeightShape& part, std::span<const float> rows, WeightForm form,
          std::span<float> panels);

}  // namespace vpinfer
