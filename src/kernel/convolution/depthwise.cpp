#include "kernel/convolution/depthwise.hpp"

#include <array>

#include "kernel/activation.hpp"
#include "kernel/convolution/micro_kernel.hpp"
#include "kernel/workers.hpp"

namespace vpinfer {
namespace {

/// The weights of the box's channels, from [channels][taps] to [taps][channels].
void gather_taps(const WeightSlice& slice, Interval channels, int taps, std::span<float> by_tap) {
  const float* source =
      slice.floats().data() +
      static_cast<std::ptrdiff_t>(channels.begin - slice.range.filters.begin) * taps;
  const int count = channels.size();
  for (int channel = 0; channel < count; ++channel) {
    for (int tap = 0; tap < taps; ++tap) {
      by_tap[static_cast<std::size_t>(tap * count + channel)] = *source++;
    }
  }
}

/// The taps of a pixel's window that lie within the picture, some at a time.
class TapsOfPixel {
 public:
  TapsOfPixel(int channels, float* output) {
    pixel_.inputs = inputs_.data();
    pixel_.weights = weights_.data();
    pixel_.channels = channels;
    pixel_.output = output;
  }

  void add(const float* input, const float* weights) {
    if (pixel_.taps == kMostTaps) sum_up();
    inputs_[static_cast<std::size_t>(pixel_.taps)] = input;
    weights_[static_cast<std::size_t>(pixel_.taps)] = weights;
    ++pixel_.taps;
  }

  /// Adds to the output what has been added since the last time.
  void sum_up() {
    micro_kernel().depthwise(pixel_);
    pixel_.accumulate = true;
    pixel_.taps = 0;
  }

 private:
  static constexpr int kMostTaps = 32;
  std::array<const float*, kMostTaps> inputs_;
  std::array<const float*, kMostTaps> weights_;
  DepthwisePixel pixel_;
};

}  // namespace

bool is_depthwise(const Convolution& conv, int input_channels) {
  return conv.groups == input_channels && conv.filters == input_channels && input_channels > 1;
}

void convolve_depthwise(const ConvolutionCall& call, const Workers& workers) {
  const Convolution& conv = call.convolution;
  const Box& box = call.box;
  const int channels = box.channels.size();
  gather_taps(call.weights, box.channels, conv.taps(), call.workspace);
  const std::span<const float> biases = call.weights.biases_of(box.channels);
  const auto compute_row = [&](int row) {
    const int first_row = row * conv.rows.stride - conv.rows.pad_before;
    for (int col = box.cols.begin; col < box.cols.end; ++col) {
      const int first_col = col * conv.cols.stride - conv.cols.pad_before;
      TapsOfPixel taps(channels, call.output.at(row, col, box.channels.begin));
      for (int tap = 0; tap < conv.taps(); ++tap) {
        const int r = first_row + tap / conv.cols.size * conv.rows.dilation;
        const int c = first_col + tap % conv.cols.size * conv.cols.dilation;
        if (r < 0 || r >= call.input_shape.rows || c < 0 || c >= call.input_shape.cols) continue;
        taps.add(call.input.at(r, c, box.channels.begin),
                 call.workspace.data() + static_cast<std::ptrdiff_t>(tap) * channels);
      }
      taps.sum_up();
    }
    add_bias_and_activate(call.output.at(row, box.cols.begin, box.channels.begin),
                          static_cast<std::size_t>(box.cols.size()), call.output.pixel_stride(),
                          biases, conv.activation);
  };
  workers.share_out_rows(box.rows, compute_row);
}

}  // namespace vpinfer
