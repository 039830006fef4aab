#include "plan/geometry.hpp"

#include <algorithm>
#include <variant>
#include <vector>

namespace vpinfer {
namespace {

Interval required(const Cut& cut, Interval output) {
  const int first = cut.source(output.begin);
  const int last = cut.source(output.end - 1);
  return {std::min(first, last), std::max(first, last) + 1};
}

Interval required(const Padding& padding, PadMode mode, Interval output, int input_size) {
  Interval all;
  for (int i = output.begin; i < output.end; ++i) {
    if (const auto source = padded_source(padding, mode, i, input_size)) {
      all = hull(all, {*source, *source + 1});
    }
  }
  return all;
}

Interval required(const Sampling& sampling, Interpolation interpolation, Interval output,
                  int input_size) {
  const Taps first = sample(sampling, interpolation, output.begin, input_size);
  const Taps last = sample(sampling, interpolation, output.end - 1, input_size);
  return {first.low, last.high + 1};
}

/// Along an axis on which an input has extent 1 it is repeated.
Interval broadcast(Interval output, int input_size) {
  return input_size == 1 ? Interval{0, 1} : output;
}

/// The inputs of a shortcut's second source along one axis: every `shrink`-th, for every `grow`-th
/// output.
Interval sampled(Interval output, int output_size, int input_size) {
  const int shrink = std::max(1, input_size / output_size);
  const int grow = std::max(1, output_size / input_size);
  const int first = (output.begin + grow - 1) / grow;
  const int last = (output.end - 1) / grow;
  return intersect(Interval{first * shrink, last * shrink + 1}, Interval{0, input_size});
}

/// All channels of the groups that an interval touches.
Interval whole_groups(const std::vector<Interval>& groups, Interval channels) {
  Interval all;
  for (const Interval& group : groups) {
    if (!intersect(group, channels).empty()) all = hull(all, group);
  }
  return all;
}

/// Where DepthToSpace finds channels of its output.
Interval depth_of(const DepthToSpace& move, const Shape& out, const Box& box) {
  const int pixels = move.rows * move.cols;
  const Interval& channels = box.channels;
  if (move.order == DepthOrder::kColumnRowDepth) {
    return {channels.begin * pixels, channels.end * pixels};
  }
  const bool one_pixel = box.rows.size() == 1 && box.cols.size() == 1;
  if (!one_pixel) return {channels.begin, (pixels - 1) * out.channels + channels.end};
  const int pixel = box.rows.begin % move.rows * move.cols + box.cols.begin % move.cols;
  return shift(channels, pixel * out.channels);
}

/// One operation's receptive field in its input number `index`.
struct RequiredInput {
  const Network& network;
  const Layer& layer;
  std::size_t index;
  const Shape& in;
  const Box& out;

  Box operator()(const Input&) const { return {}; }
  Box operator()(const Constant&) const { return {}; }

  Box operator()(const Convolution& conv) const {
    const int filters = conv.filters / conv.groups;
    const int channels = in.channels / conv.groups;
    return {read_by(conv.rows, out.rows, in.rows),
            read_by(conv.cols, out.cols, in.cols),
            {out.channels.begin / filters * channels,
             ((out.channels.end - 1) / filters + 1) * channels}};
  }

  Box operator()(const LocallyConnected& local) const {
    return {read_by(local.rows, out.rows, in.rows),
            read_by(local.cols, out.cols, in.cols),
            {0, in.channels}};
  }

  Box operator()(const MaxPool& pool) const { return pooled(pool.rows, pool.cols); }
  Box operator()(const AveragePool& pool) const { return pooled(pool.rows, pool.cols); }

  Box operator()(const Elementwise&) const {
    return {broadcast(out.rows, in.rows), broadcast(out.cols, in.cols),
            broadcast(out.channels, in.channels)};
  }

  Box operator()(const Shortcut&) const {
    if (index == 0) return out;
    const Shape& shape = layer.output;
    return {sampled(out.rows, shape.rows, in.rows), sampled(out.cols, shape.cols, in.cols),
            intersect(out.channels, Interval{0, in.channels})};
  }

  Box operator()(const Sum&) const {
    return {out.rows, out.cols, intersect(out.channels, Interval{0, in.channels})};
  }

  Box operator()(const Activate&) const { return out; }
  Box operator()(const PRelu&) const { return out; }

  Box operator()(const Softmax& softmax) const {
    const Box all = whole(in);
    return {softmax.over_rows ? all.rows : out.rows, softmax.over_cols ? all.cols : out.cols,
            whole_groups(softmax_groups(softmax, in.channels), out.channels)};
  }

  /// The queries of its own pixels, the keys and values of all.
  Box operator()(const Attention& attention) const {
    const Interval heads = attention.heads_of(out.channels);
    if (index == 0) return {out.rows, out.cols, attention.queries.of(heads)};
    if (index == 1) return {{0, in.rows}, {0, in.cols}, attention.keys.of(heads)};
    return {{0, in.rows}, {0, in.cols}, attention.values.of(heads)};
  }

  Box operator()(const Concat& concat) const {
    int before = 0;
    for (std::size_t i = 0; i < index; ++i) {
      before += along(network.layer(layer.inputs[i]).output, concat.axis);
    }
    return intersect(shifted(out, concat.axis, -before), whole(in));
  }

  Box operator()(const Slice& slice) const {
    return {required(slice.rows, out.rows), required(slice.cols, out.cols),
            required(slice.channels, out.channels)};
  }

  Box operator()(const Pad& pad) const {
    return {required(pad.rows, pad.mode, out.rows, in.rows),
            required(pad.cols, pad.mode, out.cols, in.cols),
            required(pad.channels, pad.mode, out.channels, in.channels)};
  }

  Box operator()(const Resample& resample) const {
    return {required(resample.rows, resample.interpolation, out.rows, in.rows),
            required(resample.cols, resample.interpolation, out.cols, in.cols), out.channels};
  }

  Box operator()(const Flatten&) const {
    const int pixels = in.rows * in.cols;
    const Interval channels{out.channels.begin / pixels, (out.channels.end - 1) / pixels + 1};
    return intersect(Box{{0, in.rows}, {0, in.cols}, channels}, whole(in));
  }

  Box operator()(const Reorg&) const { return whole(in); }

  Box operator()(const SpaceToDepth& move) const {
    const int first = out.channels.begin / in.channels;
    const int last = (out.channels.end - 1) / in.channels;
    const Interval channels =
        first == last ? shift(out.channels, -first * in.channels) : Interval{0, in.channels};
    return {{out.rows.begin * move.rows, out.rows.end * move.rows},
            {out.cols.begin * move.cols, out.cols.end * move.cols},
            channels};
  }

  Box operator()(const DepthToSpace& move) const {
    return {{out.rows.begin / move.rows, (out.rows.end - 1) / move.rows + 1},
            {out.cols.begin / move.cols, (out.cols.end - 1) / move.cols + 1},
            depth_of(move, layer.output, out)};
  }

  Box operator()(const ShuffleChannels& shuffle) const {
    Interval channels;
    for (int i = out.channels.begin; i < out.channels.end; ++i) {
      const int source = shuffled_from(shuffle, i, in.channels);
      channels = hull(channels, {source, source + 1});
    }
    return {out.rows, out.cols, channels};
  }

  Box operator()(const Island&) const { return whole(in); }

  Box operator()(const Region&) const { return all_channels(); }
  Box operator()(const GridHead&) const { return all_channels(); }
  Box operator()(const NanoDet&) const { return all_channels(); }
  Box operator()(const Candidates&) const { return whole(in); }

 private:
  Box pooled(const Window& rows, const Window& cols) const {
    return {read_by(rows, out.rows, in.rows), read_by(cols, out.cols, in.cols), out.channels};
  }

  Box all_channels() const { return {out.rows, out.cols, {0, in.channels}}; }
};

}  // namespace

Box required_input(const Network& network, int position, std::size_t index, const Box& output) {
  if (output.empty()) return {};
  const Layer& layer = network.layer(position);
  const RequiredInput field{network, layer, index, network.input_shape(position, index), output};
  const Box box = std::visit(field, layer.operation);
  return box.empty() ? Box{} : box;
}

}  // namespace vpinfer
