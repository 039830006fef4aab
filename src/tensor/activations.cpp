// Activation functions.

#include <numbers>

#include "tensor/each.hpp"
#include "tensor/numbers.hpp"

namespace vpinfer {
namespace {

float sigmoid(float x) {
  return 1 / (1 + std::exp(-x));
}

float softplus(float x) {
  return std::max(x, 0.0F) + std::log1p(std::exp(-std::abs(x)));
}

OnnxTensor leaky_relu(const OnnxCall& call) {
  const float slope = call.node.number("alpha", 0.01F);
  return transformed_floats(call, [&](float x) { return x < 0 ? slope * x : x; });
}

OnnxTensor thresholded_relu(const OnnxCall& call) {
  const float threshold = call.node.number("alpha", 1);
  return transformed_floats(call, [&](float x) { return x > threshold ? x : 0; });
}

OnnxTensor elu(const OnnxCall& call) {
  const float scale = call.node.number("alpha", 1);
  return transformed_floats(call, [&](float x) { return x < 0 ? scale * std::expm1(x) : x; });
}

OnnxTensor selu(const OnnxCall& call) {
  const float alpha = call.node.number("alpha", 1.6732632F);
  const float gamma = call.node.number("gamma", 1.050701F);
  return transformed_floats(call,
                            [&](float x) { return gamma * (x < 0 ? alpha * std::expm1(x) : x); });
}

OnnxTensor celu(const OnnxCall& call) {
  const float width = call.node.number("alpha", 1);
  return transformed_floats(call,
                            [&](float x) { return x < 0 ? width * std::expm1(x / width) : x; });
}

OnnxTensor hard_sigmoid(const OnnxCall& call) {
  const float slope = call.node.number("alpha", 0.2F);
  const float offset = call.node.number("beta", 0.5F);
  return transformed_floats(
      call, [&](float x) { return smaller(larger(slope * x + offset, 0.0F), 1.0F); });
}

float hard_swish(float x) {
  return x * smaller(larger(x / 6 + 0.5F, 0.0F), 1.0F);
}

OnnxTensor swish(const OnnxCall& call) {
  const float steepness = call.node.number("alpha", 1);
  return transformed_floats(call, [&](float x) { return x * sigmoid(steepness * x); });
}

OnnxTensor gelu(const OnnxCall& call) {
  const std::string form = call.node.text("approximate", "none");
  constexpr float kRootOfHalf = std::numbers::sqrt2_v<float> / 2;
  if (form == "none") {
    return transformed_floats(call,
                              [](float x) { return x * (1 + std::erf(x * kRootOfHalf)) / 2; });
  }
  if (form != "tanh") call.node.unsupported("the approximation '" + form + "'");
  constexpr float kScale = std::numbers::sqrt2_v<float> * std::numbers::inv_sqrtpi_v<float>;
  return transformed_floats(
      call, [](float x) { return x * (1 + std::tanh(kScale * (x + 0.044715F * x * x * x))) / 2; });
}

OnnxTensor shrink(const OnnxCall& call) {
  const float threshold = call.node.number("lambd", 0.5F);
  const float bias = call.node.number("bias", 0);
  return transformed(call.input(0), [&](auto number) {
    const auto x = static_cast<float>(number);
    const float y = x < -threshold ? x + bias : x > threshold ? x - bias : 0;
    return converted<decltype(number)>(y);
  });
}

/// Bounds are inputs or, in older operator sets, attributes.
OnnxTensor clip(const OnnxCall& call) {
  const auto bound = [&](std::size_t index, const std::string& name, auto without) {
    using Number = decltype(without);
    if (!call.has(index)) {
      return call.node.has_attribute(name) ? converted<Number>(call.node.number(name, 0)) : without;
    }
    const auto* values = std::get_if<std::vector<Number>>(&call.input(index).values);
    if (values == nullptr || values->size() != 1) {
      call.node.refuse("its input number " + std::to_string(index + 1) +
                       " must be one number of the first one's type");
    }
    return values->front();
  };
  return std::visit(
      [&](auto values) {
        using Number = typename decltype(values)::value_type;
        const Number low = bound(1, "min", lowest<Number>());
        const Number high = bound(2, "max", highest<Number>());
        for (Number& value : values) value = smaller(larger(value, low), high);
        return OnnxTensor{call.input(0).dims, std::move(values)};
      },
      call.input(0).values);
}

}  // namespace

std::vector<OnnxComputation> activation_operators() {
  return {{"Celu", one<celu>},
          {"Clip", one<clip>},
          {"Elu", one<elu>},
          {"Gelu", one<gelu>},
          {"HardSigmoid", one<hard_sigmoid>},
          {"HardSwish", one<each_float<hard_swish>>},
          {"LeakyRelu", one<leaky_relu>},
          {"Mish", one<each_float<[](float x) { return x * std::tanh(softplus(x)); }>>},
          {"Relu", one<each<[](auto x) { return larger(x, decltype(x){0}); }>>},
          {"Selu", one<selu>},
          {"Shrink", one<shrink>},
          {"Sigmoid", one<each_float<sigmoid>>},
          {"Softplus", one<each_float<softplus>>},
          {"Softsign", one<each_float<[](float x) { return x / (1 + std::abs(x)); }>>},
          {"Swish", one<swish>},
          {"ThresholdedRelu", one<thresholded_relu>}};
}

}  // namespace vpinfer
