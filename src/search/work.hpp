#pragma once

#include <optional>

#include "plan/distribution.hpp"

namespace vpinfer {

/// The time of computing `box` of a layer's output, in the floating-point operations that a
/// convolution does meanwhile: those of its arithmetic, and, because the rest is bound by memory,
/// some for every element that is written or read.  Of divided sums, those over some of the input
/// channels.
[[nodiscard]] double work(const Network& network, ConvolutionPath path, int position,
                          const Box& box, std::optional<int> summed_channels = {});

/// A rank's work for a layer, adding up partial sums included.
[[nodiscard]] double work_of(const Distribution& distribution, int position, int rank);

}  // namespace vpinfer
