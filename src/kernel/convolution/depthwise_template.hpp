#pragma once

#include "kernel/convolution/depthwise_pixel.hpp"
#include "kernel/convolution/vector_template.hpp"

namespace vpinfer {
// Every file that includes this is compiled for another processor: nothing here may be shared.
namespace {

/// The channels from `begin` on, as many vectors of them as there are; returns the first that is
/// left.  Sums stay in a register over all taps.
template <int kLanes>
int sum_taps(const DepthwisePixel& pixel, int begin) {
  using Floats = Vector<kLanes>;
  int c = begin;
  for (; c + kLanes <= pixel.channels; c += kLanes) {
    typename Floats::Type sums{};
    if (pixel.accumulate) sums = Floats::load(pixel.output + c);
    for (int tap = 0; tap < pixel.taps; ++tap) {
      sums += Floats::load(pixel.inputs[tap] + c) * Floats::load(pixel.weights[tap] + c);
    }
    Floats::store(sums, pixel.output + c);
  }
  return c;
}

/// The channels from `begin` on: what no whole vector takes, vectors of half the lanes do.
template <int kLanes>
void sum_channels(const DepthwisePixel& pixel, int begin) {
  const int left = sum_taps<kLanes>(pixel, begin);
  if constexpr (kLanes > 1) sum_channels<kLanes / 2>(pixel, left);
}

template <int kLanes>
void compute_depthwise(const DepthwisePixel& pixel) {
  sum_channels<kLanes>(pixel, 0);
}

}  // namespace
}  // namespace vpinfer
