#pragma once

#include <span>

#include "kernel/convolution/convolution.hpp"

namespace vpinfer {

/// Floats of scratch memory for `convolve_plainly` on a box and so many threads.
[[nodiscard]] std::size_t plain_workspace(const Convolution& convolution, int input_channels,
                                          const Box& box, int threads);

/// `convolve` for a slice in rows: BLAS multiplies them by receptive fields that are unrolled or,
/// if the window is one pixel, by the pixels as they lie.  Depthwise convolutions have a loop of
/// their own.
void convolve_plainly(const Convolution& convolution, const WeightSlice& slice,
                      const Shape& input_shape, const ConstTensorView& input,
                      const TensorView& output, const Box& box, const ChannelSum& sum,
                      std::span<float> workspace, const Progress& progress);

}  // namespace vpinfer
