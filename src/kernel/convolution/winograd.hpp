#pragma once

#include <cstddef>

#include "kernel/convolution/call.hpp"
#include "kernel/workers.hpp"

namespace vpinfer {

/// For how many tiles at most the weights are transformed at a time.
inline constexpr int kWinogradChunkTiles = 52;

/// Multiply-adds that take as long as `convolve_winograd` on a box.
[[nodiscard]] double winograd_multiply_adds(int outputs, int input_channels, const Box& box);

/// Floats of scratch memory for `convolve_winograd` on a box, or any part of it, and
/// so many threads.
[[nodiscard]] std::size_t winograd_workspace(int outputs, int input_channels, const Box& box,
                                             int threads);

/// `convolve` for a slice in panels and a 3x3 window without stride and dilation, by Winograd's
/// F(outputs x outputs, 3x3), `outputs` being 2 or 4.
void convolve_winograd(int outputs, const ConvolutionCall& call, const Workers& workers);

}  // namespace vpinfer
