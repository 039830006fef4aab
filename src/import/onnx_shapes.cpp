// ONNX's operators that change how a tensor is looked at, without moving its elements: they lead
// into a fully connected layer or out of the network.

#include <algorithm>
#include <set>

#include "onnx_builder.hpp"

namespace vpinfer {
namespace {

/// The same elements under other extents.
void define_reshaped(OnnxBuilder& builder, const OnnxNodeReader& node, const FeatureMap& map,
                     std::vector<std::int64_t> dims) {
  if (count_elements(dims) != count_elements(map.dims)) {
    node.refuse("cannot reshape " + to_string(map.dims) + " to " + to_string(dims));
  }
  FeatureMap result = map;
  result.dims = std::move(dims);
  builder.define(node.node().outputs.front(), result);
}

/// A 0 keeps an extent, a -1 takes what is left.
void reshape(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap map = builder.complete(node, 0);
  std::vector<std::int64_t> dims = builder.integers(node, 1);
  std::int64_t known = 1;
  std::size_t open = dims.size();
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 0 && !node.flag("allowzero")) {
      if (i >= map.dims.size()) node.refuse("cannot reshape " + to_string(map.dims));
      dims[i] = map.dims[i];
    }
    const bool possible = dims[i] >= 1 || (dims[i] == -1 && open == dims.size());
    if (!possible || dims[i] > count_elements(map.dims)) {
      node.refuse("cannot reshape " + to_string(map.dims) + " to an extent of " +
                  std::to_string(dims[i]));
    }
    if (dims[i] == -1) {
      open = i;
    } else if (known <= count_elements(map.dims)) {
      known *= dims[i];
    }
  }
  if (open < dims.size()) dims[open] = count_elements(map.dims) / known;
  define_reshaped(builder, node, map, std::move(dims));
}

void flatten(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap map = builder.complete(node, 0);
  const std::int64_t rank = static_cast<std::int64_t>(map.dims.size());
  std::int64_t axis = node.integer("axis", 1);
  if (axis != rank) axis = static_cast<std::int64_t>(node.axis(axis, map.dims.size()));
  const auto cut = map.dims.begin() + axis;
  define_reshaped(builder, node, map,
                  {count_elements({map.dims.begin(), cut}), count_elements({cut, map.dims.end()})});
}

/// The axes of Squeeze and Unsqueeze are an attribute, since opset 13 an input.
std::vector<std::int64_t> read_axes(OnnxBuilder& builder, const OnnxNodeReader& node) {
  return node.has_input(1) ? builder.integers(node, 1) : node.integers("axes", {});
}

void squeeze(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap map = builder.complete(node, 0);
  std::set<std::size_t> axes;
  for (const std::int64_t axis : read_axes(builder, node)) {
    axes.insert(node.axis(axis, map.dims.size()));
  }
  std::vector<std::int64_t> dims;
  for (std::size_t i = 0; i < map.dims.size(); ++i) {
    const bool goes = axes.empty() ? map.dims[i] == 1 : axes.contains(i);
    if (!goes) dims.push_back(map.dims[i]);
  }
  define_reshaped(builder, node, map, std::move(dims));
}

void unsqueeze(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap map = builder.complete(node, 0);
  const std::vector<std::int64_t> list = read_axes(builder, node);
  std::set<std::size_t> axes;
  for (const std::int64_t axis : list) axes.insert(node.axis(axis, map.dims.size() + list.size()));
  if (axes.size() != list.size()) node.refuse("an axis is named twice");
  std::vector<std::int64_t> dims = map.dims;
  for (const std::size_t axis : axes) {
    dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis), 1);
  }
  define_reshaped(builder, node, map, std::move(dims));
}

/// [N, C, block, block, H, W] with axes 0, 1, 4, 2, 5, 3 in turn: how PyTorch exports a pixel
/// shuffle.
bool is_pixel_shuffle(const OnnxBuilder& builder, const FeatureMap& map,
                      const std::vector<std::int64_t>& permutation) {
  const Shape& shape = builder.shape(map);
  const std::vector<std::int64_t>& dims = map.dims;
  return permutation == std::vector<std::int64_t>{0, 1, 4, 2, 5, 3} && dims.size() == 6 &&
         builder.same_order(map, kChannelsFirst) && dims[2] == dims[3] && dims[4] == shape.rows &&
         dims[5] == shape.cols && dims[1] * dims[2] * dims[3] == shape.channels;
}

void transpose(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap map = builder.complete(node, 0);
  const std::size_t rank = map.dims.size();
  std::vector<std::int64_t> backwards;
  for (std::size_t i = rank; i > 0; --i) backwards.push_back(static_cast<std::int64_t>(i) - 1);
  const std::vector<std::int64_t> permutation = node.integers("perm", backwards);
  std::set<std::size_t> seen;
  for (const std::int64_t axis : permutation) seen.insert(node.axis(axis, rank));
  if (permutation.size() != rank || seen.size() != rank) node.refuse("its perm is no permutation");
  FeatureMap result = map;
  for (std::size_t i = 0; i < rank; ++i) {
    result.dims[i] = map.dims[static_cast<std::size_t>(permutation[i])];
  }
  if (is_pixel_shuffle(builder, map, permutation)) {
    const int block = static_cast<int>(map.dims[2]);
    const DepthToSpace move{block, block, DepthOrder::kColumnRowDepth};
    result.position = builder.add(node, move, {map.position});
    return builder.define(node.node().outputs.front(), result);
  }
  if (permutation.front() != 0) node.unsupported("moving the batch");
  if (rank == 4) {
    for (std::size_t i = 1; i < rank; ++i) {
      const auto from = static_cast<std::size_t>(permutation[i]);
      result.order[i - 1] = *builder.box_axis(node, map, from);
    }
  } else if (rank != 2) {
    node.unsupported("a transposition of " + to_string(map.dims) + ", with other than 4 axes,");
  }
  builder.define(node.node().outputs.front(), result);
}

/// Extents are known when a network is imported.
void shape(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const std::vector<std::int64_t> dims = builder.feature(node, 0).dims;
  const auto rank = static_cast<std::int64_t>(dims.size());
  const auto clamp = [&](std::int64_t at) {
    return std::clamp(at < 0 ? at + rank : at, std::int64_t{0}, rank);
  };
  const std::int64_t start = clamp(node.integer("start", 0));
  const std::int64_t end = std::max(start, clamp(node.integer("end", rank)));
  OnnxTensor tensor{{end - start},
                    std::vector<std::int64_t>(dims.begin() + start, dims.begin() + end)};
  builder.define(node.node().outputs.front(), std::make_shared<OnnxTensor>(std::move(tensor)));
}

}  // namespace

std::vector<OnnxOperator> onnx_shape_operators() {
  return {{"Reshape", reshape, 2, "into a fully connected layer or out of the network"},
          {"Flatten", flatten, 1, "the same"},
          {"Squeeze", squeeze, 2, "the same"},
          {"Unsqueeze", unsqueeze, 2, "the same"},
          {"Transpose", transpose, 1, "the same, and as part of a pixel shuffle"},
          {"Shape", shape, 1, "becomes a constant"}};
}

}  // namespace vpinfer
