// ONNX's operators that take maxima and means.

#include <algorithm>

#include "onnx_builder.hpp"

namespace vpinfer {
namespace {

void max_pool(OnnxBuilder& builder, const OnnxNodeReader& node) {
  if (node.has_output(1)) node.unsupported("an output of indices");
  const FeatureMap in = builder.picture(node, 0);
  const Windows windows = read_windows(node, builder.shape(in), {});
  builder.define(
      node.node().outputs.front(),
      builder.picture_of(builder.add(node, MaxPool{windows.rows, windows.cols}, {in.position})));
}

void average_pool(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap in = builder.picture(node, 0);
  const Windows windows = read_windows(node, builder.shape(in), {});
  const bool counts_padding = node.flag("count_include_pad");
  if (counts_padding && windows.beyond_padding) {
    node.unsupported("count_include_pad with windows that ceil_mode puts beyond the padding");
  }
  const AveragePool pool{windows.rows, windows.cols, counts_padding};
  builder.define(node.node().outputs.front(),
                 builder.picture_of(builder.add(node, pool, {in.position})));
}

template <typename Pool>
int pool_whole(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap in = builder.picture(node, 0);
  const Shape& shape = builder.shape(in);
  return builder.add(node, Pool{Window{shape.rows}, Window{shape.cols}}, {in.position});
}

template <typename Pool>
void global_pool(OnnxBuilder& builder, const OnnxNodeReader& node) {
  builder.define(node.node().outputs.front(),
                 builder.picture_of(pool_whole<Pool>(builder, node)));
}

/// The mean over rows and columns; the axes are an attribute, since opset 18 an input.
void reduce_mean(OnnxBuilder& builder, const OnnxNodeReader& node) {
  std::vector<std::int64_t> axes = node.integers("axes", {});
  if (node.has_input(1)) axes = builder.integers(node, 1);
  const std::size_t rank = builder.picture(node, 0).dims.size();
  std::vector<std::size_t> reduced;
  for (const std::int64_t axis : axes) reduced.push_back(node.axis(axis, rank));
  std::sort(reduced.begin(), reduced.end());
  if (reduced != std::vector<std::size_t>{2, 3}) {
    node.unsupported("a mean over other axes than rows and columns");
  }
  const int position = pool_whole<AveragePool>(builder, node);
  builder.define(node.node().outputs.front(),
                 builder.picture_of(position, node.flag("keepdims", true) ? 4 : 2));
}

}  // namespace

std::vector<OnnxOperator> onnx_pooling_operators() {
  return {{"MaxPool", max_pool, "2-D: strides, dilations, any padding, ceil_mode"},
          {"AveragePool", average_pool, "2-D: strides, any padding, ceil_mode, count_include_pad"},
          {"GlobalMaxPool", global_pool<MaxPool>, ""},
          {"GlobalAveragePool", global_pool<AveragePool>, ""},
          {"ReduceMean", reduce_mean, "over rows and columns"}};
}

}  // namespace vpinfer
