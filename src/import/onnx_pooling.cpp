// ONNX's operators that take maxima and means.

#include "import/onnx_builder.hpp"
#include "import/onnx_statistics.hpp"

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
      builder.picture_of(builder.add(node, MaxPool{windows.rows, windows.cols}, {in.position}),
                         in.dims.size()));
}

void average_pool(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap in = builder.picture(node, 0);
  const Windows windows = read_windows(node, builder.shape(in), {});
  const AveragePool pool{windows.rows, windows.cols, node.flag("count_include_pad")};
  builder.define(node.node().outputs.front(),
                 builder.picture_of(builder.add(node, pool, {in.position}), in.dims.size()));
}

/// Of all rows and columns.
template <int (*kAdd)(OnnxBuilder&, const OnnxNodeReader&, int, const BoxAxes&)>
void global_pool(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap in = builder.picture(node, 0);
  builder.define(
      node.node().outputs.front(),
      builder.picture_of(kAdd(builder, node, in.position, {true, true}), in.dims.size()));
}

}  // namespace

std::vector<OnnxOperator> onnx_pooling_operators() {
  return {{"MaxPool", max_pool, 1, "1-D and 2-D: strides, dilations, any padding, ceil_mode"},
          {"AveragePool", average_pool, 1,
           "1-D and 2-D: strides, any padding, ceil_mode, count_include_pad"},
          {"GlobalMaxPool", global_pool<add_largest>, 1, ""},
          {"GlobalAveragePool", global_pool<add_mean>, 1, ""}};
}

}  // namespace vpinfer
