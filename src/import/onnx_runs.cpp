#include "import/onnx_runs.hpp"

#include <algorithm>
#include <array>

namespace vpinfer {
namespace {

std::vector<Axis> in_turn(const AxisRuns& runs) {
  std::vector<Axis> axes;
  for (const auto& run : runs) axes.insert(axes.end(), run.begin(), run.end());
  return axes;
}

bool has_twice(std::vector<Axis> axes) {
  std::sort(axes.begin(), axes.end());
  return std::adjacent_find(axes.begin(), axes.end()) != axes.end();
}

void lead_with_ones(OnnxDims& dims, std::size_t rank) {
  if (dims.size() < rank) dims.insert(dims.begin(), rank - dims.size(), 1);
}

/// The extents of a constant beside a tensor, as many; empty if it would enlarge the tensor.
std::optional<OnnxDims> dims_beside(const FeatureMap& map, const OnnxTensor& constant) {
  OnnxDims dims = constant.dims;
  lead_with_ones(dims, map.dims.size());
  const bool fits =
      std::equal(dims.begin(), dims.end(), map.dims.begin(), map.dims.end(),
                 [](std::int64_t own, std::int64_t other) { return own == 1 || own == other; });
  return fits && constant.is_float() ? std::optional(dims) : std::nullopt;
}

}  // namespace

std::optional<AxisRuns> runs_of(const OnnxBuilder& builder, const FeatureMap& map) {
  const bool several = builder.batch() > 1;
  if (several && (map.dims.empty() || map.dims.front() != builder.batch())) return std::nullopt;
  AxisRuns runs(map.dims.size());
  auto axis = map.order.begin();
  for (std::size_t i = several ? 1 : 0; i < map.dims.size(); ++i) {
    std::int64_t left = map.dims[i];
    while (axis != map.order.end() && left % builder.extent(map, *axis) == 0) {
      const int extent = builder.extent(map, *axis);
      left /= extent;
      if (extent > 1) runs[i].push_back(*axis);
      ++axis;
    }
    if (left != 1) return std::nullopt;
  }
  return axis == map.order.end() ? std::optional(runs) : std::nullopt;
}

AxisOrder order_of_runs(const AxisRuns& runs) {
  std::vector<Axis> axes = in_turn(runs);
  for (const Axis axis : kChannelsFirst) {
    if (std::find(axes.begin(), axes.end(), axis) == axes.end()) axes.push_back(axis);
  }
  return {axes[0], axes[1], axes[2]};
}

std::optional<FeatureMap> combine_alike(OnnxBuilder& builder, const OnnxNodeReader& node,
                                        Arithmetic function, FeatureMap a, FeatureMap b) {
  const std::size_t rank = std::max(a.dims.size(), b.dims.size());
  if (builder.batch() == 1) {
    lead_with_ones(a.dims, rank);
    lead_with_ones(b.dims, rank);
  }
  const auto runs_a = runs_of(builder, a);
  const auto runs_b = runs_of(builder, b);
  if (!runs_a || !runs_b || a.dims.size() != b.dims.size()) return std::nullopt;
  AxisRuns runs(rank);
  OnnxDims dims(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    const bool alike = a.dims[i] == b.dims[i];
    if (!alike && a.dims[i] != 1 && b.dims[i] != 1) return std::nullopt;
    if (alike && (*runs_a)[i] != (*runs_b)[i]) return std::nullopt;
    runs[i] = a.dims[i] == 1 ? (*runs_b)[i] : (*runs_a)[i];
    dims[i] = std::max(a.dims[i], b.dims[i]);
  }
  if (has_twice(in_turn(runs))) return std::nullopt;
  FeatureMap result{0, std::move(dims), order_of_runs(runs)};
  result.position = builder.add(node, Elementwise{function}, {a.position, b.position});
  for (const AxisOrder& order : {b.order, a.order}) {
    if (builder.same_order(result, order)) result.order = order;
  }
  return result;
}

std::optional<std::vector<float>> per_channel(const OnnxBuilder& builder, const FeatureMap& map,
                                              const OnnxTensor& constant) {
  if (!constant.is_float()) return std::nullopt;
  if (constant.floats().size() == 1) return constant.floats();
  const auto dims = dims_beside(map, constant);
  const auto runs = runs_of(builder, map);
  if (!dims || !runs) return std::nullopt;
  for (std::size_t i = 0; i < dims->size(); ++i) {
    if ((*dims)[i] > 1 && (*runs)[i] != std::vector{Axis::kChannels}) return std::nullopt;
  }
  return constant.floats();
}

std::optional<FeatureMap> layer_beside(OnnxBuilder& builder, const OnnxNodeReader& node,
                                       const FeatureMap& map, const OnnxTensor& constant) {
  const auto dims = dims_beside(map, constant);
  const auto runs = runs_of(builder, map);
  if (!dims || !runs || builder.batch() > 1) return std::nullopt;
  Shape box{1, 1, 1};
  std::array<std::size_t, 3> steps{};  // between neighbours along each axis of the box
  std::size_t step = 1;
  for (std::size_t i = dims->size(); i-- > 0;) {
    if ((*dims)[i] == 1) continue;
    for (auto axis = (*runs)[i].rbegin(); axis != (*runs)[i].rend(); ++axis) {
      along(box, *axis) = builder.extent(map, *axis);
      steps[static_cast<std::size_t>(*axis)] = step;
      step *= static_cast<std::size_t>(builder.extent(map, *axis));
    }
  }
  const auto offset = [&](Axis axis, int index) {
    return steps[static_cast<std::size_t>(axis)] * static_cast<std::size_t>(index);
  };
  std::vector<float> values;
  for (int channel = 0; channel < box.channels; ++channel) {
    for (int row = 0; row < box.rows; ++row) {
      for (int col = 0; col < box.cols; ++col) {
        values.push_back(constant.floats()[offset(Axis::kChannels, channel) +
                                           offset(Axis::kRows, row) + offset(Axis::kCols, col)]);
      }
    }
  }
  FeatureMap layer{0, *dims, map.order};
  layer.position = builder.add(node, Constant{box}, {});
  builder.weights()[layer.position] = {std::move(values),
                                       std::vector<float>(static_cast<std::size_t>(box.channels))};
  return layer;
}

}  // namespace vpinfer
