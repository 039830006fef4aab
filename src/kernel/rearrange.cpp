#include "kernel/rearrange.hpp"

#include <optional>

namespace vpinfer {
namespace {

/// Writes every element of a box as element(row, col, channel).
template <typename Element>
void for_each_element(const TensorView& output, const Box& box, const Element& element) {
  for (int row = box.rows.begin; row < box.rows.end; ++row) {
    for (int col = box.cols.begin; col < box.cols.end; ++col) {
      float* target = output.at(row, col, box.channels.begin);
      for (int channel = box.channels.begin; channel < box.channels.end; ++channel) {
        *target++ = element(row, col, channel);
      }
    }
  }
}

}  // namespace

void slice(const Slice& slice, const ConstTensorView& input, const TensorView& output,
           const Box& box) {
  for (int row = box.rows.begin; row < box.rows.end; ++row) {
    for (int col = box.cols.begin; col < box.cols.end; ++col) {
      const float* source = input.at(slice.rows.source(row), slice.cols.source(col),
                                     slice.channels.source(box.channels.begin));
      float* target = output.at(row, col, box.channels.begin);
      for (int i = 0; i < box.channels.size(); ++i) {
        target[i] = source[i * slice.channels.step] * slice.scale + slice.shift;
      }
    }
  }
}

void pad(const Pad& pad, const Shape& input_shape, const ConstTensorView& input,
         const TensorView& output, const Box& box) {
  for_each_element(output, box, [&](int row, int col, int channel) {
    const std::optional<int> r = padded_source(pad.rows, pad.mode, row, input_shape.rows);
    const std::optional<int> c = padded_source(pad.cols, pad.mode, col, input_shape.cols);
    const std::optional<int> k =
        padded_source(pad.channels, pad.mode, channel, input_shape.channels);
    return r && c && k ? *input.at(*r, *c, *k) : pad.value;
  });
}

void flatten(const Shape& input_shape, const ConstTensorView& input, const TensorView& output,
             const Box& box) {
  const int pixels = input_shape.rows * input_shape.cols;
  for_each_element(output, box, [&](int, int, int index) {
    const int channel = index / pixels;
    if (channel >= input_shape.channels) return 0.0F;
    const int pixel = index % pixels;
    return *input.at(pixel / input_shape.cols, pixel % input_shape.cols, channel);
  });
}

void shuffle_channels(const ShuffleChannels& shuffle, const Shape& input_shape,
                      const ConstTensorView& input, const TensorView& output, const Box& box) {
  for_each_element(output, box, [&](int row, int col, int channel) {
    return *input.at(row, col, shuffled_from(shuffle, channel, input_shape.channels));
  });
}

void space_to_depth(const SpaceToDepth& move, const Shape& input_shape,
                    const ConstTensorView& input, const TensorView& output, const Box& box) {
  for_each_element(output, box, [&](int row, int col, int channel) {
    const int pixel = channel / input_shape.channels;
    return *input.at(row * move.rows + pixel / move.cols, col * move.cols + pixel % move.cols,
                     channel % input_shape.channels);
  });
}

void depth_to_space(const DepthToSpace& move, const Shape& output_shape,
                    const ConstTensorView& input, const TensorView& output, const Box& box) {
  for_each_element(output, box, [&](int row, int col, int channel) {
    const int pixel = row % move.rows * move.cols + col % move.cols;
    const int depth = move.order == DepthOrder::kDepthColumnRow
                          ? pixel * output_shape.channels + channel
                          : channel * move.rows * move.cols + pixel;
    return *input.at(row / move.rows, col / move.cols, depth);
  });
}

}  // namespace vpinfer
