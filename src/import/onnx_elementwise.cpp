// ONNX's arithmetic on tensors.

#include <algorithm>
#include <cmath>
#include <optional>

#include "import/onnx_builder.hpp"
#include "import/onnx_runs.hpp"

namespace vpinfer {
namespace {

/// x + c, x - c, c - x, x * c and x / c as scale * x + shift; empty for anything else.
struct Affine {
  std::vector<float> scale;
  std::vector<float> shift;
};

std::optional<Affine> as_affine(Arithmetic function, bool constant_first,
                                const std::vector<float>& constant) {
  const auto each = [&](auto change) {
    std::vector<float> values = constant;
    std::transform(values.begin(), values.end(), values.begin(), change);
    return values;
  };
  switch (function) {
    case Arithmetic::kAdd: return Affine{{1}, constant};
    case Arithmetic::kMultiply: return Affine{constant, {0}};
    case Arithmetic::kSubtract:
      if (constant_first) return Affine{{-1}, constant};
      return Affine{{1}, each([](float c) { return -c; })};
    case Arithmetic::kDivide:
      if (constant_first) return std::nullopt;
      return Affine{each([](float c) { return 1 / c; }), {0}};
    default: return std::nullopt;
  }
}

/// The tensor with one input constant, if that is one number, or one per channel, or can be
/// broadcast with its box.
std::optional<FeatureMap> with_constant(OnnxBuilder& builder, const OnnxNodeReader& node,
                                        Arithmetic function, std::size_t constant_index) {
  const std::size_t other = 1 - constant_index;
  const auto* found = std::get_if<OnnxConstant>(&builder.value(node, constant_index));
  if (found == nullptr || !std::holds_alternative<FeatureMap>(builder.value(node, other))) {
    return std::nullopt;
  }
  const OnnxConstant constant = *found;
  const FeatureMap map = builder.complete(node, other);
  const auto numbers = per_channel(builder, map, *constant);
  const bool one_number =
      numbers && numbers->size() == 1 && constant->dims.size() <= map.dims.size();
  if (one_number && function == Arithmetic::kMaximum) {
    return builder.activate(
        node, map, {Activation::kClip, node.finite(numbers->front()), -Activation::kLowest});
  }
  if (one_number && function == Arithmetic::kMinimum) {
    return builder.activate(
        node, map, {Activation::kClip, Activation::kLowest, node.finite(numbers->front())});
  }
  if (one_number || (numbers && numbers->size() > 1)) {
    const auto affine = as_affine(function, constant_index == 0, *numbers);
    if (affine) return builder.affine(node, map, affine->scale, affine->shift);
  }
  const auto layer = layer_beside(builder, node, map, *constant);
  if (!layer) return std::nullopt;
  return constant_index == 0 ? combine_alike(builder, node, function, *layer, map)
                             : combine_alike(builder, node, function, map, *layer);
}

/// The layer `position` if it is an activation by this function of the layer `input`.
bool applies(OnnxBuilder& builder, int position, Activation::Function function, int input) {
  const Layer& layer = builder.network().layer(position);
  const auto* activate = std::get_if<Activate>(&layer.operation);
  return activate != nullptr && activate->activation.function == function &&
         layer.inputs.front() == input;
}

/// x times a function of x that is known as one activation: swish, hard swish, mish.
std::optional<FeatureMap> gated(OnnxBuilder& builder, const OnnxNodeReader& node,
                                const FeatureMap& x, const FeatureMap& gate) {
  if (gate.position != builder.network().size() - 1 || !builder.only_reader(gate)) {
    return std::nullopt;
  }
  const auto replace = [&](Activation::Function function, int layers) {
    for (int i = 0; i < layers; ++i) builder.drop_last(gate.position - i);
    return builder.activate(node, x, function);
  };
  const auto* activate = std::get_if<Activate>(&builder.network().layer(gate.position).operation);
  if (activate == nullptr) return std::nullopt;
  if (applies(builder, gate.position, Activation::kLogistic, x.position)) {
    return replace(Activation::kSwish, 1);
  }
  const Activation& last = activate->activation;
  if (applies(builder, gate.position, Activation::kHardSigmoid, x.position) &&
      std::abs(last.alpha - 1.0F / 6) < 1e-6F && last.beta == 0.5F) {
    return replace(Activation::kHardSwish, 1);
  }
  const int inner = builder.network().layer(gate.position).inputs.front();
  if (inner == gate.position - 1 && applies(builder, gate.position, Activation::kTanh, inner) &&
      applies(builder, inner, Activation::kSoftplus, x.position) && builder.is_read_up(inner)) {
    return replace(Activation::kMish, 2);
  }
  return std::nullopt;
}

/// Two inputs of a node: broadcast along axes of their boxes, or reshaped alike, or pictures.
FeatureMap combine(OnnxBuilder& builder, const OnnxNodeReader& node, Arithmetic function,
                   const FeatureMap& a, const FeatureMap& b, std::size_t index_of_b = 1) {
  if (const auto result = combine_alike(builder, node, function, a, b)) return *result;
  const auto combined = [&](FeatureMap result, const FeatureMap& other) {
    result.position = builder.add(node, Elementwise{function}, {result.position, other.position});
    return result;
  };
  if (a.dims == b.dims && a.order == b.order && builder.shape(a) == builder.shape(b)) {
    return combined(a, b);
  }
  if (a.dims.size() != b.dims.size()) {
    node.unsupported("combining " + to_string(a.dims) + " with " + to_string(b.dims));
  }
  const FeatureMap picture =
      combined(builder.as_picture(node, a, 0), builder.as_picture(node, b, index_of_b));
  return builder.picture_of(picture.position, a.dims.size());
}

template <Arithmetic kFunction>
void two_inputs(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const std::string& name = node.node().outputs.front();
  for (const std::size_t constant : {0U, 1U}) {
    if (const auto result = with_constant(builder, node, kFunction, constant)) {
      return builder.define(name, *result);
    }
  }
  const FeatureMap a = builder.complete(node, 0);
  const FeatureMap b = builder.complete(node, 1);
  if (kFunction == Arithmetic::kMultiply) {
    for (const auto& [x, gate] : {std::pair(a, b), std::pair(b, a)}) {
      if (const auto result = gated(builder, node, x, gate)) return builder.define(name, *result);
    }
  }
  builder.define(name, combine(builder, node, kFunction, a, b));
}

/// Sum, Max and Min take any number of inputs.
template <Arithmetic kFunction>
void many_inputs(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const std::size_t count = node.node().inputs.size();
  if (count == 2) return two_inputs<kFunction>(builder, node);
  FeatureMap result = builder.complete(node, 0);
  for (std::size_t i = 1; i < count; ++i) {
    result = combine(builder, node, kFunction, result, builder.complete(node, i), i);
  }
  builder.define(node.node().outputs.front(), result);
}

void negate(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap map = builder.complete(node, 0);
  builder.define(node.node().outputs.front(), builder.affine(node, map, {-1}, {0}));
}

}  // namespace

std::vector<OnnxOperator> onnx_elementwise_operators() {
  return {{"Add", two_inputs<Arithmetic::kAdd>, 2, "tensors or constants, broadcast"},
          {"Sub", two_inputs<Arithmetic::kSubtract>, 2, "the same"},
          {"Mul", two_inputs<Arithmetic::kMultiply>, 2,
           "the same; x * sigmoid(x) and the like become one activation"},
          {"Div", two_inputs<Arithmetic::kDivide>, 2, "the same"},
          {"Sum", many_inputs<Arithmetic::kAdd>, kAnyNumber, "the same"},
          {"Max", many_inputs<Arithmetic::kMaximum>, kAnyNumber, "the same"},
          {"Min", many_inputs<Arithmetic::kMinimum>, kAnyNumber, "the same"},
          {"Neg", negate, 1, ""}};
}

}  // namespace vpinfer
