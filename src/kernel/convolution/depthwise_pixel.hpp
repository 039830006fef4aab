#pragma once

namespace vpinfer {

/// A pixel of a depthwise convolution, summed over some taps of the window:
///
///     output[c] (+)= sum over t of inputs[t][c] * weights[t][c]
struct DepthwisePixel {
  const float* const* inputs = nullptr;
  const float* const* weights = nullptr;
  int taps = 0;
  int channels = 0;
  bool accumulate = false;  ///< the sums are added to what is there
  float* output = nullptr;
};

}  // namespace vpinfer
