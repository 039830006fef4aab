#include "kernel/reorg.hpp"

#include "kernel/workers.hpp"

namespace vpinfer {
namespace {

/// A place in a [channels][rows][cols] array.
struct Place {
  int channel;
  int row;
  int col;
};

int flat(const Place& place, const Shape& shape) {
  return (place.channel * shape.rows + place.row) * shape.cols + place.col;
}

Place unflatten(int index, const Shape& shape) {
  return {index / (shape.rows * shape.cols), index / shape.cols % shape.rows, index % shape.cols};
}

/// From the walk over w x h x c to its partner's place in the (w*s) x (h*s) x (c/s^2) array.
Place enlarge(const Place& walk, const Shape& large, int stride) {
  const int offset = walk.channel / large.channels;
  return {walk.channel % large.channels, walk.row * stride + offset / stride,
          walk.col * stride + offset % stride};
}

/// The inverse of `enlarge`.
Place reduce(const Place& place, const Shape& large, int stride) {
  const int offset = place.row % stride * stride + place.col % stride;
  return {offset * large.channels + place.channel, place.row / stride, place.col / stride};
}

}  // namespace

void reorganise(const Reorg& reorg, const Shape& input_shape, const Shape& output_shape,
                const ConstTensorView& input, const TensorView& output, const Box& box,
                const Workers& workers) {
  const int s = reorg.stride;
  const Shape large{input_shape.rows * s, input_shape.cols * s, input_shape.channels / (s * s)};
  const auto reorganise_row = [&](int row) {
    for (int col = box.cols.begin; col < box.cols.end; ++col) {
      for (int channel = box.channels.begin; channel < box.channels.end; ++channel) {
        const int index = flat({channel, row, col}, output_shape);
        const int partner = reorg.reverse
                                ? flat(reduce(unflatten(index, large), large, s), input_shape)
                                : flat(enlarge(unflatten(index, input_shape), large, s), large);
        const Place source = unflatten(partner, input_shape);
        *output.at(row, col, channel) = *input.at(source.row, source.col, source.channel);
      }
    }
  };
  workers.share_out_rows(box.rows, reorganise_row);
}

}  // namespace vpinfer
