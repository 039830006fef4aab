// ONNX's operators that change how a tensor is looked at, without moving its elements: they lead
// into a fully connected layer or out of the network.

#include <algorithm>
#include <optional>

#include "import/onnx_builder.hpp"
#include "import/onnx_runs.hpp"
#include "tensor/dims.hpp"

namespace vpinfer {
namespace {

/// The same elements under other extents.
void define_reshaped(OnnxBuilder& builder, const OnnxNodeReader& node, const FeatureMap& map,
                     OnnxDims dims) {
  FeatureMap result = map;
  result.dims = std::move(dims);
  builder.define(node.node().outputs.front(), result);
}

void reshape(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap map = builder.complete(node, 0);
  define_reshaped(builder, node, map, reshape_dims(node, map.dims, builder.integers(node, 1)));
}

void flatten(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap map = builder.complete(node, 0);
  define_reshaped(builder, node, map, flatten_dims(node, map.dims));
}

/// The axes of Squeeze and Unsqueeze are an attribute, since opset 13 an input.
OnnxDims read_axes(const OnnxBuilder& builder, const OnnxNodeReader& node) {
  return node.has_input(1) ? builder.integers(node, 1) : node.integers("axes", {});
}

void squeeze(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap map = builder.complete(node, 0);
  define_reshaped(builder, node, map, squeeze_dims(node, map.dims, read_axes(builder, node)));
}

void unsqueeze(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap map = builder.complete(node, 0);
  define_reshaped(builder, node, map, unsqueeze_dims(node, map.dims, read_axes(builder, node)));
}

/// [N, C, block, block, H, W] with axes 0, 1, 4, 2, 5, 3 in turn: how PyTorch exports a pixel
/// shuffle.
bool is_pixel_shuffle(const OnnxBuilder& builder, const FeatureMap& map,
                      const std::vector<std::size_t>& permutation) {
  const Shape& shape = builder.shape(map);
  const OnnxDims& dims = map.dims;
  return permutation == std::vector<std::size_t>{0, 1, 4, 2, 5, 3} && dims.size() == 6 &&
         builder.same_order(map, kChannelsFirst) && dims[2] == dims[3] && dims[4] == shape.rows &&
         dims[5] == shape.cols && dims[1] * dims[2] * dims[3] == shape.channels;
}

/// [N, groups, members, H, W] with groups and members exchanged: how exporters spell a shuffle.
bool is_shuffle(const OnnxBuilder& builder, const FeatureMap& map,
                const std::vector<std::size_t>& permutation) {
  const Shape& shape = builder.shape(map);
  const OnnxDims& dims = map.dims;
  return permutation == std::vector<std::size_t>{0, 2, 1, 3, 4} &&
         builder.same_order(map, kChannelsFirst) && dims[3] == shape.rows &&
         dims[4] == shape.cols && dims[1] * dims[2] == shape.channels;
}

/// In which order a tensor whose axes are permuted has the elements of the box, if each of its axes
/// is a run of the box's: [1, C, H * W] becomes [1, H * W, C].
std::optional<AxisOrder> permuted_order(const OnnxBuilder& builder, const FeatureMap& map,
                                        const std::vector<std::size_t>& permutation) {
  const auto runs = runs_of(builder, map);
  if (!runs) return std::nullopt;
  AxisRuns permuted;
  for (const std::size_t from : permutation) permuted.push_back((*runs)[from]);
  return order_of_runs(permuted);
}

void transpose(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap map = builder.complete(node, 0);
  const std::size_t rank = map.dims.size();
  const std::vector<std::size_t> permutation = read_permutation(node, rank);
  FeatureMap result = map;
  for (std::size_t i = 0; i < rank; ++i) result.dims[i] = map.dims[permutation[i]];
  if (is_pixel_shuffle(builder, map, permutation)) {
    const int block = static_cast<int>(map.dims[2]);
    const DepthToSpace move{block, block, DepthOrder::kColumnRowDepth};
    result.position = builder.add(node, move, {map.position});
    result.order = kChannelsFirst;
    return builder.define(node.node().outputs.front(), result);
  }
  if (is_shuffle(builder, map, permutation)) {
    const ShuffleChannels shuffle{node.small(map.dims[1])};
    result.position = builder.add(node, shuffle, {map.position});
    result.order = kChannelsFirst;
    return builder.define(node.node().outputs.front(), result);
  }
  const bool moves_batch = rank == 0 || permutation.front() != 0;
  if (moves_batch && builder.batch() != 1) node.unsupported("moving the batch");
  if (rank == 4 && !moves_batch && builder.is_unflattened(map)) {
    for (std::size_t i = 1; i < rank; ++i) result.order[i - 1] = map.order[permutation[i] - 1];
  } else if (const auto order = permuted_order(builder, map, permutation)) {
    result.order = *order;
  } else {
    node.unsupported("a transposition of " + to_string(map.dims) + ", which was reshaped,");
  }
  builder.define(node.node().outputs.front(), result);
}

/// Extents are known when a network is imported.
void shape(OnnxBuilder& builder, const OnnxNodeReader& node) {
  OnnxDims dims = shape_dims(node, builder.feature(node, 0).dims);
  OnnxTensor tensor{{static_cast<std::int64_t>(dims.size())}, std::move(dims)};
  builder.define(node.node().outputs.front(), std::make_shared<OnnxTensor>(std::move(tensor)));
}

}  // namespace

std::vector<OnnxOperator> onnx_shape_operators() {
  return {{"Reshape", reshape, 2, "into a fully connected layer or out of the network"},
          {"Flatten", flatten, 1, "the same"},
          {"Squeeze", squeeze, 2, "the same"},
          {"Unsqueeze", unsqueeze, 2, "the same"},
          {"Transpose", transpose, 1, "the same, and as part of a pixel or channel shuffle"},
          {"Shape", shape, 1, "becomes a constant"}};
}

}  // namespace vpinfer
