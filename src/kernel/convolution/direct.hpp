#pragma once

#include <cstddef>

#include "kernel/convolution/call.hpp"
#include "kernel/workers.hpp"

namespace vpinfer {

/// Floats of scratch memory for `convolve_directly` on a box, or any part of it, and
/// so many threads.
[[nodiscard]] std::size_t direct_workspace(const Convolution& convolution, int input_channels,
                                           const Box& box, int threads);

/// `convolve` for a slice in panels: a micro-kernel reads the input where it lies (the indirect
/// convolution: Dukhan, arXiv 1907.02129) and weights in the order in which they are stored.
void convolve_directly(const ConvolutionCall& call, const Workers& workers);

}  // namespace vpinfer
