#pragma once

#include <cstddef>
#include <string>

#include "kernel/convolution/call.hpp"
#include "kernel/workers.hpp"

namespace vpinfer {

/// The micro-kernel that this processor gets, for example `AVX-512`.
[[nodiscard]] std::string micro_kernel_name();

/// Floats of scratch memory, aligned as pointers are, that suffice for `convolve` on this box of
/// outputs or any part of it, summed over so many input channels, on so many threads.
[[nodiscard]] std::size_t convolution_workspace(const Convolution& convolution,
                                                ConvolutionAlgorithm algorithm, int input_channels,
                                                const Box& box, int threads);

/// Computes the call's box of the output.  Bias and activation follow while a block is still in
/// cache.
void convolve(const ConvolutionCall& call, const Workers& workers);

/// Ends sums that are complete in `box` of the output: adds the biases and applies the activation.
void end_sums(const Convolution& convolution, const WeightSlice& slice, const TensorView& output,
              const Box& box);

}  // namespace vpinfer
