// ONNX's activations and what does nothing at inference.

#include "import/onnx_builder.hpp"

namespace vpinfer {
namespace {

void define_activated(OnnxBuilder& builder, const OnnxNodeReader& node,
                      const Activation& activation) {
  builder.define(node.node().outputs.front(),
                 builder.activate(node, builder.complete(node, 0), activation));
}

/// A function without parameters.
template <Activation::Function kFunction>
void activation(OnnxBuilder& builder, const OnnxNodeReader& node) {
  define_activated(builder, node, kFunction);
}

void leaky_relu(OnnxBuilder& builder, const OnnxNodeReader& node) {
  define_activated(builder, node, {Activation::kLeaky, node.number("alpha", 0.01F)});
}

void elu(OnnxBuilder& builder, const OnnxNodeReader& node) {
  define_activated(builder, node, {Activation::kElu, node.number("alpha", 1)});
}

void selu(OnnxBuilder& builder, const OnnxNodeReader& node) {
  define_activated(builder, node,
                   {Activation::kSelu, node.number("alpha", 1.67326319217681884765625F),
                    node.number("gamma", 1.05070102214813232421875F)});
}

void hard_sigmoid(OnnxBuilder& builder, const OnnxNodeReader& node) {
  define_activated(
      builder, node,
      {Activation::kHardSigmoid, node.number("alpha", 0.2F), node.number("beta", 0.5F)});
}

void celu(OnnxBuilder& builder, const OnnxNodeReader& node) {
  define_activated(builder, node, {Activation::kCelu, node.number("alpha", 1)});
}

void gelu(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const std::string approximation = node.text("approximate", "none");
  if (approximation != "none") node.unsupported("the approximation " + approximation);
  define_activated(builder, node, Activation::kGelu);
}

/// By an exponent that is one number.
void power(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const OnnxTensor& exponent = builder.constant(node, 1);
  if (!exponent.is_float() || count_elements(exponent.dims) != 1 || exponent.dims.size() > 1) {
    node.unsupported("an exponent of other than one float");
  }
  define_activated(builder, node, {Activation::kPower, node.finite(exponent.floats().front())});
}

/// The bounds are attributes, since opset 11 inputs.
void clip(OnnxBuilder& builder, const OnnxNodeReader& node) {
  Activation clip(Activation::kClip, node.number("min", Activation::kLowest),
                  node.number("max", -Activation::kLowest));
  if (node.has_input(1)) clip.alpha = builder.scalar(node, 1);
  if (node.has_input(2)) clip.beta = builder.scalar(node, 2);
  define_activated(builder, node, clip);
}

/// Passes its input on under another name.
void identity(OnnxBuilder& builder, const OnnxNodeReader& node) {
  builder.define(node.node().outputs.front(), builder.value(node, 0));
}

void dropout(OnnxBuilder& builder, const OnnxNodeReader& node) {
  if (node.has_output(1) && builder.is_read(node.node().outputs[1])) {
    node.unsupported("an output of the mask");
  }
  if (node.has_input(2) && builder.integers(node, 2) != std::vector<std::int64_t>{0}) {
    node.unsupported("training_mode");
  }
  identity(builder, node);
}

void cast(OnnxBuilder& builder, const OnnxNodeReader& node) {
  if (read_cast(node) != OnnxNumberKind::kFloat) {
    node.unsupported("a picture of other numbers than floats");
  }
  FeatureMap result = builder.feature(node, 0);
  result.is_float = true;
  builder.define(node.node().outputs.front(), std::move(result));
}

/// x * sigmoid(alpha * x)
void swish(OnnxBuilder& builder, const OnnxNodeReader& node) {
  if (node.number("alpha", 1) != 1) node.unsupported("an alpha other than 1");
  activation<Activation::kSwish>(builder, node);
}

/// The axis of the box that a softmax is over.  The last axis may be whole in a tensor that was
/// reshaped otherwise, such as scores in rows.
std::optional<Axis> softmax_axis(const OnnxBuilder& builder, const OnnxNodeReader& node,
                                 const FeatureMap& map, std::size_t axis) {
  const Axis innermost = map.order.back();
  const bool is_innermost =
      axis > 0 && axis + 1 == map.dims.size() && map.dims.back() == builder.extent(map, innermost);
  return is_innermost ? innermost : builder.box_axis(node, map, axis);
}

/// Before opset 13 a softmax takes all axes from `axis` on together, since then only this one.
void softmax(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const bool one_axis = node.opset() >= 13;
  const FeatureMap map = builder.complete(node, 0);
  const std::size_t axis = node.axis(node.integer("axis", one_axis ? -1 : 1), map.dims.size());
  const Shape& shape = builder.shape(map);
  FeatureMap result = map;
  const bool everything =
      axis == 1 && map.dims[0] == builder.batch() && (map.dims.size() == 2 || !one_axis);
  if (everything) {
    result.position = builder.add(node, Softmax{}, {map.position});
  } else {
    const bool alone = one_axis || axis + 1 == map.dims.size();
    const auto box_axis = softmax_axis(builder, node, map, axis);
    if (!alone || !box_axis) node.unsupported("a softmax over several axes, or the batch,");
    const int groups = box_axis == Axis::kChannels ? 1 : shape.channels;
    result.position = builder.add(
        node, Softmax{groups, box_axis == Axis::kRows, box_axis == Axis::kCols}, {map.position});
  }
  builder.define(node.node().outputs.front(), result);
}

}  // namespace

std::vector<OnnxOperator> onnx_activation_operators() {
  return {{"Relu", activation<Activation::kRelu>, 1, ""},
          {"LeakyRelu", leaky_relu, 1, "alpha"},
          {"Clip", clip, 3, "constant bounds"},
          {"Sigmoid", activation<Activation::kLogistic>, 1, ""},
          {"HardSigmoid", hard_sigmoid, 1, "alpha, beta"},
          {"HardSwish", activation<Activation::kHardSwish>, 1, ""},
          {"Elu", elu, 1, "alpha"},
          {"Selu", selu, 1, "alpha, gamma"},
          {"Tanh", activation<Activation::kTanh>, 1, ""},
          {"Softplus", activation<Activation::kSoftplus>, 1, ""},
          {"Swish", swish, 1, "alpha of 1"},
          {"Mish", activation<Activation::kMish>, 1, ""},
          {"Gelu", gelu, 1, "approximate none"},
          {"Erf", activation<Activation::kErf>, 1, ""},
          {"Exp", activation<Activation::kExp>, 1, ""},
          {"Log", activation<Activation::kLog>, 1, ""},
          {"Sqrt", activation<Activation::kSquareRoot>, 1, ""},
          {"Reciprocal", activation<Activation::kReciprocal>, 1, ""},
          {"Abs", activation<Activation::kAbsolute>, 1, ""},
          {"Pow", power, 2, "one number as the exponent"},
          {"Celu", celu, 1, "alpha"},
          {"Softsign", activation<Activation::kSoftsign>, 1, ""},
          {"Floor", activation<Activation::kFloor>, 1, ""},
          {"Ceil", activation<Activation::kCeil>, 1, ""},
          {"Round", activation<Activation::kRound>, 1, ""},
          {"Softmax", softmax, 1, "over one axis, or all"},
          {"Identity", identity, 1, ""},
          {"Dropout", dropout, 3, "does nothing"},
          {"Cast", cast, 1, "of constants; a picture stays float"}};
}

}  // namespace vpinfer
