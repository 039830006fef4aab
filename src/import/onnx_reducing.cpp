// ONNX's operators that make one element of those along some axes.

#include <algorithm>
#include <numeric>

#include "import/onnx_builder.hpp"
#include "import/onnx_statistics.hpp"

namespace vpinfer {
namespace {

struct Reduction {
  FeatureMap map;
  std::vector<bool> axes;  // of the tensor
  BoxAxes box;
};

/// The axes are an attribute, in newer operator sets an input; none are all, or as a flag says.
Reduction read_reduction(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap map = builder.complete(node, 0);
  std::vector<std::int64_t> named = node.integers("axes", {});
  if (node.has_input(1)) named = builder.integers(node, 1);
  const std::size_t rank = map.dims.size();
  std::vector<bool> axes(rank, named.empty() && !node.flag("noop_with_empty_axes"));
  for (const std::int64_t axis : named) axes[node.axis(axis, rank)] = true;
  if (rank == 0 || (axes.front() && !node.flag("keepdims", true))) {
    node.unsupported("a result without a batch");
  }
  return {map, axes, box_axes_of(builder, node, map, axes)};
}

std::int64_t count_reduced(const Reduction& reduction) {
  std::int64_t count = 1;
  for (std::size_t i = 0; i < reduction.axes.size(); ++i) {
    if (reduction.axes[i]) count *= reduction.map.dims[i];
  }
  return count;
}

void define_reduced(OnnxBuilder& builder, const OnnxNodeReader& node, const Reduction& reduction,
                    int position) {
  FeatureMap result = reduction.map;
  result.position = position;
  result.dims.clear();
  for (std::size_t i = 0; i < reduction.axes.size(); ++i) {
    if (!reduction.axes[i]) {
      result.dims.push_back(reduction.map.dims[i]);
    } else if (node.flag("keepdims", true)) {
      result.dims.push_back(1);
    }
  }
  builder.define(node.node().outputs.front(), result);
}

void reduce_mean(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const Reduction reduction = read_reduction(builder, node);
  define_reduced(builder, node, reduction,
                 add_mean(builder, node, reduction.map.position, reduction.box));
}

constexpr Activation kSquare(Activation::kPower, 2);

/// The sum of what `before` makes of the elements, and `after` of that.
void reduce_sum(OnnxBuilder& builder, const OnnxNodeReader& node, const Activation& before,
                const Activation& after) {
  const Reduction reduction = read_reduction(builder, node);
  int position = reduction.map.position;
  if (before != Activation()) position = builder.add(node, Activate{before}, {position});
  position = add_mean(builder, node, position, reduction.box);
  position =
      add_scaled(builder, node, position, static_cast<float>(count_reduced(reduction)), 0, after);
  define_reduced(builder, node, reduction, position);
}

template <Activation::Function kBefore, Activation::Function kAfter>
void reduce(OnnxBuilder& builder, const OnnxNodeReader& node) {
  reduce_sum(builder, node, kBefore == Activation::kPower ? kSquare : Activation(kBefore), kAfter);
}

/// The smallest is the largest of the negated.
template <bool kNegated>
void reduce_to_largest(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const Reduction reduction = read_reduction(builder, node);
  if (reduction.box.channels) node.unsupported("the channels among its axes");
  int position = reduction.map.position;
  if (kNegated) position = add_scaled(builder, node, position, -1, 0);
  position = add_largest(builder, node, position, reduction.box);
  if (kNegated) position = add_scaled(builder, node, position, -1, 0);
  define_reduced(builder, node, reduction, position);
}

}  // namespace

std::vector<OnnxOperator> onnx_reducing_operators() {
  using A = Activation;
  return {{"ReduceMean", reduce_mean, 2, "over channels, rows and columns"},
          {"ReduceSum", reduce<A::kLinear, A::kLinear>, 2, "the same"},
          {"ReduceL1", reduce<A::kAbsolute, A::kLinear>, 2, "the same"},
          {"ReduceL2", reduce<A::kPower, A::kSquareRoot>, 2, "the same"},
          {"ReduceSumSquare", reduce<A::kPower, A::kLinear>, 2, "the same"},
          {"ReduceLogSum", reduce<A::kLinear, A::kLog>, 2, "the same"},
          {"ReduceMax", reduce_to_largest<false>, 2, "over rows and columns"},
          {"ReduceMin", reduce_to_largest<true>, 2, "the same"}};
}

}  // namespace vpinfer
