#pragma once

#include <cstddef>

#include "base/half.hpp"

namespace vpinfer {

/// Rounds `count` floats to nearest even.  A number beyond 65504 becomes 65504, of either sign: an
/// outlier costs accuracy, while an infinity would spread as NaN over all that is computed from it.
/// Infinities and NaN stay what they are.
void round_to_halves(const float* values, std::size_t count, HalfBits* halves);

/// Exact.
void widen_halves(const HalfBits* halves, std::size_t count, float* values);
/// The same, added to the values.
void add_halves(const HalfBits* halves, std::size_t count, float* values);

}  // namespace vpinfer
