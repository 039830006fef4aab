#pragma once

#include <cstddef>

#include "kernel/convolution/call.hpp"
#include "kernel/workers.hpp"

namespace vpinfer {

/// Floats of scratch memory for `convolve_plainly` on a box and so many threads.
[[nodiscard]] std::size_t plain_workspace(const Convolution& convolution, int input_channels,
                                          const Box& box, int threads);

/// `convolve` for a slice in rows: BLAS multiplies them by receptive fields that are unrolled or,
/// if the window is one pixel, by the pixels as they lie.  Depthwise convolutions have a loop of
/// their own.
void convolve_plainly(const ConvolutionCall& call, const Workers& workers);

}  // namespace vpinfer
