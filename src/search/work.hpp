#pragma once

#include <optional>

#include "plan/distribution.hpp"

namespace vpinfer {

/// The time of computing `box` of a layer's output, in the floating-point operations that a
/// convolution does meanwhile: those of its arithmetic, and, because the rest is bound by memory,
/// some for every element that is written or read.  Of divided sums, those over the channels
/// `summed` of the input.
[[nodiscard]] double work(const Network& network, ConvolutionPath path, int position,
                          const Box& box, const std::optional<Interval>& summed = {});

/// A rank's work for a layer, adding up partial sums included.
[[nodiscard]] double work_of(const Distribution& distribution, int position, int rank);

}  // namespace vpinfer
