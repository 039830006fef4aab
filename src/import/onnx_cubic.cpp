#include "import/onnx_cubic.hpp"

#include "tensor/interpolation.hpp"

namespace vpinfer {
namespace {

/// How far inputs lie from the one that an output is nearest to or follows.
constexpr int kCubicReach = 2;
constexpr int kMostPhases = 64;

/// By how much an axis grows.
int phases_of(const OnnxNodeReader& node, const CubicAxis& axis) {
  const int phases = axis.sampling.size / axis.size;
  const bool whole = phases >= 1 && phases <= kMostPhases &&
                     axis.sampling.size == phases * axis.size && axis.sampling.multiplier == 1 &&
                     axis.sampling.scale == static_cast<float>(phases);
  if (!whole) node.unsupported("a cubic resizing other than by whole numbers");
  return phases;
}

/// What the inputs from -reach to reach weigh in each phase.
std::vector<float> phase_weights(const OnnxNodeReader& node, const Sampling& sampling, int phases) {
  const Interpolator cubic{true, node.number("cubic_coeff_a", -0.75F)};
  const int taps = 2 * kCubicReach + 1;
  std::vector<float> weights(static_cast<std::size_t>(phases) * taps);
  for (int phase = 0; phase < phases; ++phase) {
    const float at =
        (static_cast<float>(phase) + sampling.output_offset) / static_cast<float>(phases) -
        sampling.input_offset;
    for (const WeightedPlace& input : cubic.neighbours(at)) {
      const std::int64_t tap = input.place + kCubicReach;
      if (input.weight == 0) continue;
      if (tap < 0 || tap >= taps) node.unsupported("cubic resizing with this shift");
      weights[static_cast<std::size_t>(phase * taps + tap)] = input.weight;
    }
  }
  return weights;
}

int add_along(OnnxBuilder& builder, const OnnxNodeReader& node, int position, Axis along_axis,
              const CubicAxis& axis) {
  const int phases = phases_of(node, axis);
  if (phases == 1) return position;
  const bool by_rows = along_axis == Axis::kRows;
  const std::vector<float> weights = phase_weights(node, axis.sampling, phases);
  const int channels = builder.network().layer(position).output.channels;
  const Padding edge{kCubicReach, kCubicReach};
  const Pad pad{by_rows ? edge : Padding{}, by_rows ? Padding{} : edge, {}, PadMode::kEdge};
  const int padded = builder.add(node, pad, {position});
  const Window window{2 * kCubicReach + 1};
  const int filters = node.small(std::int64_t{channels} * phases);
  const int sums = builder.add(
      node,
      Convolution{filters, channels, by_rows ? window : Window{}, by_rows ? Window{} : window},
      {padded});
  LayerWeights& trained = builder.weights()[sums];
  for (int i = 0; i < channels; ++i) {
    trained.weights.insert(trained.weights.end(), weights.begin(), weights.end());
  }
  trained.biases.resize(static_cast<std::size_t>(filters));
  const DepthToSpace interleave{by_rows ? phases : 1, by_rows ? 1 : phases,
                                DepthOrder::kColumnRowDepth};
  return builder.add(node, interleave, {sums});
}

}  // namespace

int add_cubic(OnnxBuilder& builder, const OnnxNodeReader& node, int position, const CubicAxis& rows,
              const CubicAxis& cols) {
  if (node.flag("exclude_outside")) node.unsupported("exclude_outside");
  position = add_along(builder, node, position, Axis::kCols, cols);
  return add_along(builder, node, position, Axis::kRows, rows);
}

}  // namespace vpinfer
