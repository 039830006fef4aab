// Nodes that no layer on pictures expresses: islands.

#include <algorithm>
#include <cmath>
#include <utility>

#include "import/onnx_builder.hpp"
#include "net/island.hpp"
#include "tensor/operators.hpp"

namespace vpinfer {
namespace {

/// Longer constants of floats become layers, whose numbers a model file stores as such.
constexpr std::int64_t kMostInline = 64;

/// Boxes hold floats: whole numbers up to this are exact.
constexpr double kMostExact = 1 << 24;

TensorForm form_of(const OnnxTensor& tensor) {
  return {tensor.dims, order_of(tensor.dims), tensor.is_float()};
}

/// A tensor to find out what an operator makes of its extents.
OnnxTensor zeros(const TensorForm& form) {
  const auto count = static_cast<std::size_t>(count_elements(form.dims));
  if (form.is_float) return {form.dims, std::vector<float>(count)};
  return {form.dims, std::vector<std::int64_t>(count)};
}

}  // namespace

IslandArgument OnnxBuilder::argument(const OnnxNodeReader& node, std::size_t input,
                                     std::vector<int>& layers) {
  if (!node.has_input(input)) return {};
  if (const auto* constant = std::get_if<OnnxConstant>(&value(node, input))) {
    const OnnxTensor& tensor = **constant;
    const std::int64_t count = count_elements(tensor.dims);
    if (!tensor.is_float() || count <= kMostInline) return {{}, {}, tensor};
    const FeatureMap layer = layer_of(node, tensor);
    layers.push_back(layer.position);
    return {static_cast<int>(layers.size()) - 1, {layer.dims, layer.order}, {}};
  }
  if (decides_sizes(node.node().op, input)) {
    node.unsupported("an input '" + node.input(input) +
                     "' that depends on the picture and decides how large the result is");
  }
  const FeatureMap map = complete(node, input);
  layers.push_back(map.position);
  return {static_cast<int>(layers.size()) - 1, {map.dims, map.order, map.is_float}, {}};
}

FeatureMap OnnxBuilder::layer_of(const OnnxNodeReader& node, const OnnxTensor& tensor) {
  const std::int64_t count = count_elements(tensor.dims);
  if (count == 0) node.unsupported("a constant without elements");
  std::vector<float> values;
  if (tensor.is_float()) {
    values = tensor.floats();
  } else {
    for (const std::int64_t number : tensor.integers()) {
      if (std::abs(static_cast<double>(number)) > kMostExact) {
        node.unsupported("a constant of numbers beyond 2^24");
      }
      values.push_back(static_cast<float>(number));
    }
  }
  FeatureMap map{0, tensor.dims, kChannelsLast, tensor.is_float()};
  map.position = add(node, Constant{{node.small(count), 1, 1}}, {});
  weights()[map.position] = {std::move(values), {0}};
  return map;
}

void OnnxBuilder::add_islands(const OnnxNodeReader& node) {
  if (!can_evaluate(node.node().op)) node.unsupported("this operator");
  if (batch_ != 1) node.unsupported("this for a batch of several pictures");
  Island island{node.node(), node.opset(), {}, 0, {}};
  std::vector<int> layers;
  std::vector<OnnxTensor> likes;
  for (std::size_t i = 0; i < node.node().inputs.size(); ++i) {
    island.arguments.push_back(argument(node, i, layers));
    const IslandArgument& last = island.arguments.back();
    likes.push_back(last.constant ? *last.constant : last.input ? zeros(last.form) : OnnxTensor{});
  }
  std::vector<const OnnxTensor*> inputs;
  for (std::size_t i = 0; i < likes.size(); ++i) {
    inputs.push_back(node.has_input(i) ? &likes[i] : nullptr);
  }
  const std::vector<OnnxTensor> results = evaluate(node, inputs);
  for (std::size_t i = 0; i < node.node().outputs.size(); ++i) {
    const std::string& name = node.node().outputs[i];
    if (name.empty() || !is_read(name)) continue;
    if (i >= results.size()) node.unsupported("its output number " + std::to_string(i + 1));
    island.result = static_cast<int>(i);
    island.form = form_of(results[i]);
    if (count_elements(island.form.dims) == 0) node.unsupported("an empty result");
    FeatureMap map{0, island.form.dims, island.form.order, island.form.is_float};
    map.position = add_layer(network(), island, layers, node.where(), name);
    define(name, std::move(map));
  }
}

FeatureMap OnnxBuilder::laid_out(const OnnxNodeReader& node, const FeatureMap& map) {
  Island island{{"Identity", "", node.node().name, {"x"}, {"y"}, {}, {}}, node.opset(), {}, 0, {}};
  island.arguments.push_back({0, {map.dims, map.order, map.is_float}, {}});
  island.form = {map.dims, order_of(map.dims), map.is_float};
  FeatureMap result{0, map.dims, island.form.order, map.is_float};
  result.position = add(node, std::move(island), {map.position});
  return result;
}

OnnxBuilder::Checkpoint OnnxBuilder::checkpoint() {
  return {network().size(), readers_};
}

void OnnxBuilder::go_back(const Checkpoint& checkpoint, const OnnxNode& node) {
  if (network().size() > checkpoint.layers) {  // some may have become part of another
    network().layers.resize(static_cast<std::size_t>(checkpoint.layers));
  }
  std::erase_if(weights(), [&](const auto& entry) { return entry.first >= checkpoint.layers; });
  readers_ = checkpoint.readers;
  for (const std::string& name : node.outputs) values_.erase(name);
  std::erase_if(values_, [&](const auto& entry) {  // of a branch that was entered
    const auto* map = std::get_if<FeatureMap>(&entry.second);
    return map != nullptr && map->position >= checkpoint.layers;
  });
}

}  // namespace vpinfer
