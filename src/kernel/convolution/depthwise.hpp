#pragma once

#include <span>

#include "kernel/convolution/convolution.hpp"

namespace vpinfer {

/// Whether every channel is convolved with one filter of its own.
[[nodiscard]] bool is_depthwise(const Convolution& convolution, int input_channels);

/// `convolve` for a depthwise convolution: channels lie next to each other, so one vector operation
/// per tap serves many of them, where a matrix product would be one column wide.
void convolve_depthwise(const Convolution& convolution, const WeightSlice& slice,
                        const Shape& input_shape, const ConstTensorView& input,
                        const TensorView& output, const Box& box, std::span<float> workspace,
                        const Progress& progress);

}  // namespace vpinfer
