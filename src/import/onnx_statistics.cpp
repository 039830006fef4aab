#include "import/onnx_statistics.hpp"

#include "import/onnx_runs.hpp"

namespace vpinfer {
namespace {

const Shape& shape_at(OnnxBuilder& builder, int position) {
  return builder.network().layer(position).output;
}

template <typename Pool>
int add_pools(OnnxBuilder& builder, const OnnxNodeReader& node, int position, const BoxAxes& axes) {
  const Shape shape = shape_at(builder, position);
  if (axes.cols && shape.cols > 1) {
    position = builder.add(node, Pool{{}, Window{shape.cols}}, {position});
  }
  if (axes.rows && shape.rows > 1) {
    position = builder.add(node, Pool{Window{shape.rows}, {}}, {position});
  }
  return position;
}

/// A 1x1 convolution whose weights are all the same.
int add_even(OnnxBuilder& builder, const OnnxNodeReader& node, int position, int filters,
             int groups, float weight) {
  const int channels = shape_at(builder, position).channels;
  const int even = builder.add(node, Convolution{filters, groups, {}, {}}, {position});
  builder.weights()[even] = {
      std::vector<float>(
          static_cast<std::size_t>(filters) * static_cast<std::size_t>(channels / groups), weight),
      std::vector<float>(static_cast<std::size_t>(filters))};
  return even;
}

}  // namespace

BoxAxes box_axes_of(const OnnxBuilder& builder, const OnnxNodeReader& node, const FeatureMap& map,
                    const std::vector<bool>& axes) {
  const auto runs = runs_of(builder, map);
  if (!runs) node.unsupported("axes of " + to_string(map.dims) + ", which was reshaped,");
  if (axes.front() && builder.batch() > 1) node.unsupported("the batch among its axes");
  BoxAxes result;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (!axes[i]) continue;
    for (const Axis axis : (*runs)[i]) {
      result.rows |= axis == Axis::kRows;
      result.cols |= axis == Axis::kCols;
      result.channels |= axis == Axis::kChannels;
    }
  }
  return result;
}

int add_mean(OnnxBuilder& builder, const OnnxNodeReader& node, int position, const BoxAxes& axes) {
  position = add_pools<AveragePool>(builder, node, position, axes);
  const int channels = shape_at(builder, position).channels;
  if (!axes.channels || axes.groups == channels) return position;
  const float share = static_cast<float>(axes.groups) / static_cast<float>(channels);
  const int mean = add_even(builder, node, position, axes.groups, axes.groups, share);
  if (axes.groups == 1) return mean;
  return add_even(builder, node, mean, channels, axes.groups, 1);
}

int add_largest(OnnxBuilder& builder, const OnnxNodeReader& node, int position,
                const BoxAxes& axes) {
  return add_pools<MaxPool>(builder, node, position, axes);
}

int add_scaled(OnnxBuilder& builder, const OnnxNodeReader& node, int position, float scale,
               float shift, const Activation& activation) {
  const int channels = shape_at(builder, position).channels;
  const int scaled =
      builder.add(node, Convolution{channels, channels, {}, {}, activation}, {position});
  builder.weights()[scaled] = {std::vector<float>(static_cast<std::size_t>(channels), scale),
                               std::vector<float>(static_cast<std::size_t>(channels), shift)};
  return scaled;
}

}  // namespace vpinfer
