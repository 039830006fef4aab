#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "vpinfer/plan.hpp"

namespace vpinfer {

/// How far one tensor is from its reference.
struct Difference {
  double max_abs = 0;
  double max_rel = 0;  ///< max_abs over the reference's largest magnitude
  bool finite = true;  ///< false if either side has a NaN or an infinity: they agree with nothing
};

/// Both spans have the same size.
[[nodiscard]] Difference difference(std::span<const float> values,
                                    std::span<const float> reference);

/// How much of the reference's largest magnitude the results of two runs may differ by: 1e-4 leaves
/// room for sums taken in another order and for nothing else; with halves on the wire, 1e-2 is some
/// five times what their rounding makes of deep networks' results.
[[nodiscard]] double tolerance(NumberFormat wire);

[[nodiscard]] bool agrees(const Difference& difference, double tolerance);

/// The verdict of a comparison with one rank.
struct Comparison {
  Difference largest;
  double tolerance = 0;
  std::optional<int> first_layer;  ///< Darknet's number of the first layer that differs
  double speedup = 0;              ///< the single rank's median latency over that of all ranks
  double single_seconds = 0;       ///< the single rank's median latency
  std::size_t single_bytes = 0;    ///< its predicted memory

  [[nodiscard]] bool pass() const { return agrees(largest, tolerance); }
};

}  // namespace vpinfer
