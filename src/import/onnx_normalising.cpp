// ONNX's normalisations, as layers that are divided: means, products and powers.

#include <algorithm>
#include <cmath>

#include "import/onnx_builder.hpp"
#include "import/onnx_runs.hpp"
#include "import/onnx_statistics.hpp"

namespace vpinfer {
namespace {

/// Instead of a norm of 0; times elements of 0 its reciprocal stays 0.
constexpr float kLeastNorm = 1e-30F;

/// More channels than this get no matrix of neighbours.
constexpr int kMostNeighbours = 1024;

int add_squares(OnnxBuilder& builder, const OnnxNodeReader& node, int position) {
  return builder.add(node, Activate{{Activation::kPower, 2}}, {position});
}

/// x / sqrt(mean of squares + epsilon)
int add_of_size_1(OnnxBuilder& builder, const OnnxNodeReader& node, int position,
                  const BoxAxes& axes, float epsilon) {
  const int mean = add_mean(builder, node, add_squares(builder, node, position), axes);
  const int factor = add_scaled(builder, node, mean, 1, epsilon, {Activation::kPower, -0.5F});
  return builder.add(node, Elementwise{Arithmetic::kMultiply}, {position, factor});
}

/// The same of x - mean, in two passes: the mean of squares alone loses digits.
int add_standardised(OnnxBuilder& builder, const OnnxNodeReader& node, int position,
                     const BoxAxes& axes, float epsilon) {
  const int mean = add_mean(builder, node, position, axes);
  const int centred = builder.add(node, Elementwise{Arithmetic::kSubtract}, {position, mean});
  return add_of_size_1(builder, node, centred, axes, epsilon);
}

void refuse_statistics(const OnnxBuilder& builder, const OnnxNodeReader& node) {
  for (std::size_t i = 1; i < node.node().outputs.size(); ++i) {
    if (node.has_output(i) && builder.is_read(node.node().outputs[i])) {
      node.unsupported("an output of statistics");
    }
  }
}

bool are_all(const std::vector<float>& values, float number) {
  return std::all_of(values.begin(), values.end(), [&](float value) { return value == number; });
}

FeatureMap scaled_and_shifted(OnnxBuilder& builder, const OnnxNodeReader& node,
                              const FeatureMap& map, const std::vector<float>& scale,
                              const std::vector<float>& shift) {
  return are_all(scale, 1) && are_all(shift, 0) ? map : builder.affine(node, map, scale, shift);
}

/// A trained vector of a number per channel or per group of channels: per channel of the box.
std::vector<float> read_per_channel(const OnnxBuilder& builder, const OnnxNodeReader& node,
                                    std::size_t input, int channels, int groups) {
  const std::vector<float>& given = builder.floats(node, input);
  const auto count = static_cast<int>(given.size());
  if (count != channels && count != groups) {
    node.refuse("'" + node.input(input) + "' must hold " + std::to_string(groups) + " numbers");
  }
  std::vector<float> values;
  for (const float value : given) {
    values.insert(values.end(), static_cast<std::size_t>(channels / count), value);
  }
  return values;
}

/// Of rows, columns and groups of channels.
void normalise_groups(OnnxBuilder& builder, const OnnxNodeReader& node, FeatureMap map,
                      int groups) {
  const int channels = builder.shape(map).channels;
  if (groups < 1 || channels % groups != 0) {
    node.unsupported("normalising " + to_string(map.dims) + ", which was reshaped,");
  }
  const std::vector<float> scale = read_per_channel(builder, node, 1, channels, groups);
  const std::vector<float> shift = read_per_channel(builder, node, 2, channels, groups);
  map.position = add_standardised(builder, node, map.position, {true, true, true, groups},
                                  node.number("epsilon", 1e-5F));
  builder.define(node.node().outputs.front(), scaled_and_shifted(builder, node, map, scale, shift));
}

/// A tensor [N, C, ..] whose elements lie as those of a picture.
FeatureMap channels_first(OnnxBuilder& builder, const OnnxNodeReader& node) {
  FeatureMap map = builder.complete(node, 0);
  if (map.dims.size() < 2 || map.dims[0] != builder.batch() ||
      !builder.same_order(map, kChannelsFirst)) {
    node.unsupported("an input of " + to_string(map.dims) + ", which was reshaped,");
  }
  return map;
}

/// Exporters spell group normalisation as that of instances [N, groups, ..].
void instance_normalization(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap map = channels_first(builder, node);
  normalise_groups(builder, node, map, node.small(map.dims[1]));
}

void group_normalization(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap map = channels_first(builder, node);
  if (map.dims[1] != builder.shape(map).channels) node.unsupported("a reshaped picture");
  normalise_groups(builder, node, map, node.small(node.integer("num_groups", 0)));
}

/// A constant that a tensor is multiplied with or added to.
FeatureMap combined(OnnxBuilder& builder, const OnnxNodeReader& node, Arithmetic function,
                    const FeatureMap& map, const OnnxTensor& constant) {
  const auto layer = layer_beside(builder, node, map, constant);
  auto result =
      layer ? combine_alike(builder, node, function, map, *layer) : std::optional<FeatureMap>();
  if (!result) node.refuse("its scale or bias does not fit " + to_string(map.dims));
  return *result;
}

/// The axes from one on, with a trained scale and perhaps a bias for each element of them.
template <bool kCentred>
void normalise_layer(OnnxBuilder& builder, const OnnxNodeReader& node) {
  refuse_statistics(builder, node);
  FeatureMap map = builder.complete(node, 0);
  const std::size_t rank = map.dims.size();
  std::vector<bool> axes(rank);
  for (std::size_t i = node.axis(node.integer("axis", -1), rank); i < rank; ++i) axes[i] = true;
  const BoxAxes box = box_axes_of(builder, node, map, axes);
  const OnnxTensor none{{}, std::vector<float>{0}};
  const OnnxTensor& scale = builder.constant(node, 1);
  const OnnxTensor& bias = node.has_input(2) ? builder.constant(node, 2) : none;
  const float epsilon = node.number("epsilon", 1e-5F);
  map.position = kCentred ? add_standardised(builder, node, map.position, box, epsilon)
                          : add_of_size_1(builder, node, map.position, box, epsilon);
  const auto scales = per_channel(builder, map, scale);
  const auto shifts = per_channel(builder, map, bias);
  if (scales && shifts) {
    map = scaled_and_shifted(builder, node, map, *scales, *shifts);
  } else {
    map = combined(builder, node, Arithmetic::kMultiply, map, scale);
    if (&bias != &none) map = combined(builder, node, Arithmetic::kAdd, map, bias);
  }
  builder.define(node.node().outputs.front(), map);
}

void mean_variance_normalization(OnnxBuilder& builder, const OnnxNodeReader& node) {
  FeatureMap map = builder.complete(node, 0);
  std::vector<bool> axes(map.dims.size());
  for (const std::int64_t axis : node.integers("axes", {0, 2, 3})) {
    axes[node.axis(axis, axes.size())] = true;
  }
  const BoxAxes box = box_axes_of(builder, node, map, axes);
  constexpr float kLeastVariance = 1e-18F;
  map.position = add_standardised(builder, node, map.position, box, kLeastVariance);
  builder.define(node.node().outputs.front(), map);
}

void lp_normalization(OnnxBuilder& builder, const OnnxNodeReader& node) {
  FeatureMap map = builder.complete(node, 0);
  std::vector<bool> axes(map.dims.size());
  const std::size_t axis = node.axis(node.integer("axis", -1), axes.size());
  axes[axis] = true;
  const BoxAxes box = box_axes_of(builder, node, map, axes);
  const std::int64_t p = node.integer("p", 2);
  if (p != 1 && p != 2) node.refuse("its attribute 'p' must be 1 or 2");
  const int sizes = p == 1 ? builder.add(node, Activate{Activation::kAbsolute}, {map.position})
                           : add_squares(builder, node, map.position);
  const int mean = add_mean(builder, node, sizes, box);
  const int factor = add_scaled(
      builder, node, mean, static_cast<float>(map.dims[axis]), kLeastNorm,
      p == 1 ? Activation(Activation::kReciprocal) : Activation(Activation::kPower, -0.5F));
  map.position = builder.add(node, Elementwise{Arithmetic::kMultiply}, {map.position, factor});
  builder.define(node.node().outputs.front(), map);
}

/// Sums over neighbouring channels are a 1x1 convolution with a band of weights.
void local_response_normalization(OnnxBuilder& builder, const OnnxNodeReader& node) {
  FeatureMap map = builder.complete(node, 0);
  const auto runs = runs_of(builder, map);
  const int channels = builder.shape(map).channels;
  const bool over_channels = runs && runs->size() > 1 && map.dims[1] == channels &&
                             ((*runs)[1] == std::vector{Axis::kChannels} || channels == 1);
  if (!over_channels || channels > kMostNeighbours) {
    node.unsupported("normalising the channels of " + to_string(map.dims));
  }
  const int size = node.small(node.integer("size", 0));
  if (size < 1) node.refuse("its attribute 'size' must be positive");
  const float weight = node.number("alpha", 1e-4F) / static_cast<float>(size);
  const int squares = add_squares(builder, node, map.position);
  const int factor = builder.add(
      node, Convolution{channels, 1, {}, {}, {Activation::kPower, -node.number("beta", 0.75F)}},
      {squares});
  std::vector<float> band;
  for (int filter = 0; filter < channels; ++filter) {
    const int first = filter - (size - 1) / 2;
    for (int i = 0; i < channels; ++i) {
      band.push_back(i >= first && i - first < size ? weight : 0);
    }
  }
  builder.weights()[factor] = {
      std::move(band),
      std::vector<float>(static_cast<std::size_t>(channels), node.number("bias", 1))};
  map.position = builder.add(node, Elementwise{Arithmetic::kMultiply}, {map.position, factor});
  builder.define(node.node().outputs.front(), map);
}

}  // namespace

std::vector<OnnxOperator> onnx_normalising_operators() {
  return {{"InstanceNormalization", instance_normalization, 3, "also of groups of channels"},
          {"GroupNormalization", group_normalization, 3, ""},
          {"LayerNormalization", normalise_layer<true>, 3, "over the last axes"},
          {"RMSNormalization", normalise_layer<false>, 2, "the same"},
          {"MeanVarianceNormalization", mean_variance_normalization, 1, ""},
          {"LpNormalization", lp_normalization, 1, "p of 1 or 2"},
          {"LRN", local_response_normalization, 1, "over channels"}};
}

}  // namespace vpinfer
