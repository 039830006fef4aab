// ONNX's operators that take maxima and means.

#include <set>

#include "import/onnx_builder.hpp"

namespace vpinfer {
namespace {

void max_pool(OnnxBuilder& builder, const OnnxNodeReader& node) {
  if (node.has_output(1) && builder.is_read(node.node().outputs[1])) {
    node.unsupported("an output of indices");
  }
  const FeatureMap in = builder.picture(node, 0);
  const Windows windows = read_windows(node, builder.shape(in), {});
  builder.define(
      node.node().outputs.front(),
      builder.picture_of(builder.add(node, MaxPool{windows.rows, windows.cols}, {in.position})));
}

void average_pool(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap in = builder.picture(node, 0);
  const Windows windows = read_windows(node, builder.shape(in), {});
  const AveragePool pool{windows.rows, windows.cols, node.flag("count_include_pad")};
  builder.define(node.node().outputs.front(),
                 builder.picture_of(builder.add(node, pool, {in.position})));
}

template <typename Pool>
void global_pool(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap in = builder.picture(node, 0);
  const Shape& shape = builder.shape(in);
  const Pool pool{Window{shape.rows}, Window{shape.cols}};
  builder.define(node.node().outputs.front(),
                 builder.picture_of(builder.add(node, pool, {in.position})));
}

/// A 1x1 convolution that takes the mean of all channels.
int average_channels(OnnxBuilder& builder, const OnnxNodeReader& node, int position) {
  const int channels = builder.network().layer(position).output.channels;
  const int mean = builder.add(node, Convolution{1, 1, {}, {}}, {position});
  builder.weights()[mean] = {
      std::vector<float>(static_cast<std::size_t>(channels), 1 / static_cast<float>(channels)),
      {0}};
  return mean;
}

/// The axes are an attribute, since opset 18 an input.
void reduce_mean(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap in = builder.picture(node, 0);
  const std::size_t rank = in.dims.size();
  std::vector<std::int64_t> axes = node.integers("axes", {});
  if (node.has_input(1)) axes = builder.integers(node, 1);
  std::set<std::size_t> reduced;
  for (const std::int64_t axis : axes) reduced.insert(node.axis(axis, rank));
  if (axes.empty() && node.flag("noop_with_empty_axes")) {
    return builder.define(node.node().outputs.front(), in);
  }
  if (axes.empty() || reduced.contains(0)) node.unsupported("a mean over the batch");
  const Shape shape = builder.shape(in);
  const auto window = [&](std::size_t axis, int size) {
    return Window{reduced.contains(axis) ? size : 1};
  };
  FeatureMap result = in;
  const AveragePool pool{window(2, shape.rows), window(3, shape.cols)};
  if (pool != AveragePool{}) result.position = builder.add(node, pool, {result.position});
  if (reduced.contains(1)) result.position = average_channels(builder, node, result.position);
  std::vector<std::int64_t> dims;
  for (std::size_t i = 0; i < rank; ++i) {
    const bool goes = reduced.contains(i);
    if (!goes || node.flag("keepdims", true)) dims.push_back(goes ? 1 : in.dims[i]);
  }
  result.dims = std::move(dims);
  builder.define(node.node().outputs.front(), result);
}

}  // namespace

std::vector<OnnxOperator> onnx_pooling_operators() {
  return {
      {"MaxPool", max_pool, 1, "2-D: strides, dilations, any padding, ceil_mode"},
      {"AveragePool", average_pool, 1, "2-D: strides, any padding, ceil_mode, count_include_pad"},
      {"GlobalMaxPool", global_pool<MaxPool>, 1, ""},
      {"GlobalAveragePool", global_pool<AveragePool>, 1, ""},
      {"ReduceMean", reduce_mean, 2, "over channels, rows and columns"}};
}

}  // namespace vpinfer
