#include "vpinfer/plan/geometry.hpp"

namespace vpinfer {
namespace {

Interval receptive_field(const Window& window, Interval output, int input_size) {
  return intersect(Interval{output.begin * window.stride - window.pad_before,
                            (output.end - 1) * window.stride - window.pad_before + window.size},
                   Interval{0, input_size});
}

/// One operation's receptive field in its input number `index`.
struct RequiredInput {
  const Network& network;
  const Layer& layer;
  std::size_t index;
  const Shape& in;
  const Box& out;

  Box operator()(const Input&) const { return {}; }

  Box operator()(const Convolution& conv) const {
    const int filters = conv.filters / conv.groups;
    const int channels = in.channels / conv.groups;
    return {receptive_field(conv.rows, out.rows, in.rows),
            receptive_field(conv.cols, out.cols, in.cols),
            {out.channels.begin / filters * channels,
             ((out.channels.end - 1) / filters + 1) * channels}};
  }

  Box operator()(const MaxPool& pool) const {
    return {receptive_field(pool.rows, out.rows, in.rows),
            receptive_field(pool.cols, out.cols, in.cols), out.channels};
  }

  Box operator()(const Concat&) const {
    int before = 0;
    for (std::size_t i = 0; i < index; ++i)
      before += network.layer(layer.inputs[i]).output.channels;
    return intersect(Box{out.rows, out.cols, shift(out.channels, -before)}, whole(in));
  }

  Box operator()(const Reorg&) const { return whole(in); }

  Box operator()(const Region&) const { return {out.rows, out.cols, {0, in.channels}}; }
};

}  // namespace

Box required_input(const Network& network, int position, std::size_t index, const Box& output) {
  if (output.empty()) return {};
  const Layer& layer = network.layer(position);
  const RequiredInput required{network, layer, index, network.input_shape(position, index), output};
  const Box box = std::visit(required, layer.operation);
  return box.empty() ? Box{} : box;
}

}  // namespace vpinfer
