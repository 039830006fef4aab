#include "depthwise.hpp"

#include <algorithm>

#include "vpinfer/kernel/activation.hpp"
#include "vpinfer/kernel/threads.hpp"

namespace vpinfer {
namespace {

/// The weights of the box's channels, from [channels][taps] to [taps][channels].
void gather_taps(const WeightSlice& slice, Interval channels, int taps, std::span<float> by_tap) {
  const float* source =
      slice.weights.data() +
      static_cast<std::ptrdiff_t>(channels.begin - slice.range.filters.begin) * taps;
  const int count = channels.size();
  for (int channel = 0; channel < count; ++channel) {
    for (int tap = 0; tap < taps; ++tap) {
      by_tap[static_cast<std::size_t>(tap * count + channel)] = *source++;
    }
  }
}

}  // namespace

bool is_depthwise(const Convolution& conv, int input_channels) {
  return conv.groups == input_channels && conv.filters == input_channels && input_channels > 1;
}

void convolve_depthwise(const Convolution& conv, const WeightSlice& slice, const Shape& input_shape,
                        const ConstTensorView& input, const TensorView& output, const Box& box,
                        std::span<float> workspace, const Progress& progress) {
  const int channels = box.channels.size();
  gather_taps(slice, box.channels, conv.taps(), workspace);
  const std::span<const float> biases = slice.biases_of(box.channels);
  const auto compute_row = [&](int row) {
    const int first_row = row * conv.rows.stride - conv.rows.pad_before;
    for (int col = box.cols.begin; col < box.cols.end; ++col) {
      const int first_col = col * conv.cols.stride - conv.cols.pad_before;
      float* target = output.at(row, col, box.channels.begin);
      std::fill_n(target, channels, 0.0F);
      for (int tap = 0; tap < conv.taps(); ++tap) {
        const int r = first_row + tap / conv.cols.size * conv.rows.dilation;
        const int c = first_col + tap % conv.cols.size * conv.cols.dilation;
        if (r < 0 || r >= input_shape.rows || c < 0 || c >= input_shape.cols) continue;
        const float* source = input.at(r, c, box.channels.begin);
        const float* weights = workspace.data() + static_cast<std::ptrdiff_t>(tap) * channels;
        for (int i = 0; i < channels; ++i) target[i] += weights[i] * source[i];
      }
    }
    add_bias_and_activate(output.at(row, box.cols.begin, box.channels.begin),
                          static_cast<std::size_t>(box.cols.size()), output.pixel_stride(), biases,
                          conv.activation);
  };
  share_out_rows(box.rows, compute_row, progress);
}

}  // namespace vpinfer
