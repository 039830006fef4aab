#pragma once

#include <span>

#include "vpinfer/report.hpp"

namespace vpinfer {

/// Both spans have the same size.
[[nodiscard]] Difference difference(std::span<const float> values,
                                    std::span<const float> reference);

/// How much of the reference's largest magnitude the results of two runs may differ by: 1e-4 leaves
/// room for sums taken in another order and for nothing else; with halves on the wire, 1e-2 is some
/// three times what their rounding makes of deep networks' results, and 2e-1 with bytes twice
/// what was seen where everything is gathered.
[[nodiscard]] double tolerance(WireFormat wire);

[[nodiscard]] bool agrees(const Difference& difference, double tolerance);

}  // namespace vpinfer
