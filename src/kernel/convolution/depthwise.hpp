#pragma once

#include "kernel/convolution/call.hpp"
#include "kernel/workers.hpp"

namespace vpinfer {

/// Whether every channel is convolved with one filter of its own.
[[nodiscard]] bool is_depthwise(const Convolution& convolution, int input_channels);

/// `convolve` for a depthwise convolution: channels lie next to each other, so one vector operation
/// per tap serves many of them, where a matrix product would be one column wide.
void convolve_depthwise(const ConvolutionCall& call, const Workers& workers);

}  // namespace vpinfer
