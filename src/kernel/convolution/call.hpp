#pragma once

#include <span>

#include "kernel/convolution/algorithm.hpp"
#include "kernel/tensor.hpp"
#include "kernel/weight_slice.hpp"

namespace vpinfer {

/// The input channels that one call of `convolve` sums over.  Several calls, from one that begins
/// the sums to one that ends them, give what one call for all channels gives.
struct ChannelSum {
  Interval channels;
  bool begins = true;  ///< not added to what earlier calls have written
  bool ends = true;    ///< bias and activation follow
  bool operator==(const ChannelSum&) const = default;
};

/// What one call of `convolve` works on.  It owns nothing.
struct ConvolutionCall {
  const Convolution& convolution;
  ConvolutionAlgorithm algorithm;
  WeightSlice weights;         ///< of the filters of `box` and channels of `sum`, or of more
  Shape input_shape;           ///< of the whole picture; beyond it there are zeros
  ConstTensorView input;       ///< holds the receptive field of `box`, clipped to the picture
  TensorView output;           ///< holds `box`
  Box box;                     ///< of the output: what is computed
  ChannelSum sum;              ///< a convolution in groups sums over all channels at once
  std::span<float> workspace;  ///< of `convolution_workspace` floats, aligned as pointers are
};

}  // namespace vpinfer
