#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "kernel/convolution/algorithm.hpp"
#include "kernel/tensor.hpp"
#include "kernel/weight_slice.hpp"

namespace vpinfer {

/// The micro-kernel that this processor gets, for example `AVX-512`.
[[nodiscard]] std::string micro_kernel_name();

/// Floats of scratch memory, aligned as pointers are, that suffice for `convolve` on this box of
/// outputs or any part of it, summed over so many input channels, on so many threads.
[[nodiscard]] std::size_t convolution_workspace(const Convolution& convolution,
                                                ConvolutionAlgorithm algorithm, int input_channels,
                                                const Box& box, int threads);

/// The input channels that one call of `convolve` sums over.  Several calls, from one that begins
/// the sums to one that ends them, give what one call for all channels gives.
struct ChannelSum {
  Interval channels;
  bool begins = true;  ///< not added to what earlier calls have written
  bool ends = true;    ///< bias and activation follow
  bool operator==(const ChannelSum&) const = default;
};

/// Computes `box` of the output.  Bias and activation follow while a block is still in cache.
/// `input` holds the receptive field of `box` clipped to the picture `input_shape`; beyond the
/// picture there are zeros.  box.channels must lie within the slice's filters and sum.channels
/// within its channels.  `progress` is called between blocks.  A convolution in groups sums over
/// all channels at once.
void convolve(const Convolution& convolution, ConvolutionAlgorithm algorithm,
              const WeightSlice& slice, const Shape& input_shape, const ConstTensorView& input,
              const TensorView& output, const Box& box, const ChannelSum& sum,
              std::span<float> workspace, const Progress& progress);

/// Ends sums that are complete in `box` of the output: adds the biases and applies the activation.
void end_sums(const Convolution& convolution, const WeightSlice& slice, const TensorView& output,
              const Box& box);

}  // namespace vpinfer
