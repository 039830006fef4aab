#pragma once

#include <cstddef>
#include <span>

#include "vpinfer/kernel/tensor.hpp"
#include "vpinfer/net/network.hpp"

namespace vpinfer {

/// A block of a layer's weights and the biases of its filters.
struct WeightSlice {
  WeightRange range;               ///< which weights of the layer
  std::span<const float> weights;  ///< [range.filters][rows][cols][range.channels]
  std::span<const float> biases;   ///< [range.filters]

  [[nodiscard]] std::span<const float> biases_of(Interval filters) const {
    return biases.subspan(static_cast<std::size_t>(filters.begin - range.filters.begin),
                          static_cast<std::size_t>(filters.size()));
  }
};

/// Floats of scratch memory that suffice for `convolve` on a box of outputs or any part of it; at
/// most 256 Ki (1 MiB), or a depthwise convolution's weights.
[[nodiscard]] std::size_t convolution_workspace(const Convolution& convolution, int input_channels,
                                                const Box& box);

/// The input channels that one call of `convolve` sums over.  Several calls, from one that begins
/// the sums to one that ends them, give what one call for all channels gives.
struct ChannelSum {
  Interval channels;
  bool begins = true;  ///< not added to what earlier calls have written
  bool ends = true;    ///< bias and activation follow
  bool operator==(const ChannelSum&) const = default;
};

/// Computes `box` of the output: im2col in blocks, one sgemm per block, bias and activation while
/// the block is still in cache.  `input` holds the receptive field of `box` clipped to the picture
/// `input_shape`; beyond the picture there are zeros.  box.channels must lie within the slice's
/// filters and sum.channels within its channels.  `progress` is called between blocks.  A
/// convolution in groups sums over all channels at once.
void convolve(const Convolution& convolution, const WeightSlice& slice, const Shape& input_shape,
              const ConstTensorView& input, const TensorView& output, const Box& box,
              const ChannelSum& sum, std::span<float> workspace, const Progress& progress);

/// Ends sums that are complete in `box` of the output: adds the biases and applies the activation.
void end_sums(const Convolution& convolution, const WeightSlice& slice, const TensorView& output,
              const Box& box);

}  // namespace vpinfer
