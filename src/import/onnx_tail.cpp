#include "import/onnx_tail.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string_view>

#include "tensor/operators.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// Sources of more numbers are no boxes.
constexpr std::int64_t kMostNumbers = 1 << 24;

bool is_stride(float number) {
  int exponent = 0;
  return std::frexp(number, &exponent) == 0.5F && number >= 2;
}

/// Whether a layer only adds up 0, 1, 2, ... times its channels.
bool takes_mean(const OnnxNode& node, const OnnxTensor& weights) {
  const bool gives_one =
      (node.op == "Conv" && node.inputs.size() == 2 && weights.dims.size() == 4 &&
       weights.dims[1] == count_elements(weights.dims)) ||
      (node.op == "MatMul" && !weights.dims.empty() &&
       weights.dims[0] == count_elements(weights.dims));
  float next = 0;
  return gives_one && weights.floats().size() > 1 &&
         std::all_of(weights.floats().begin(), weights.floats().end(),
                     [&](float weight) { return weight == next++; });
}

}  // namespace

bool has_weights(const OnnxMakers& makers, const OnnxNode& node) {
  constexpr std::array<std::string_view, 4> kWeighted{"Conv", "ConvTranspose", "Gemm", "MatMul"};
  if (std::find(kWeighted.begin(), kWeighted.end(), node.op) == kWeighted.end()) return false;
  const OnnxTensor* weights = node.inputs.size() > 1 ? makers.constant(node.inputs[1]) : nullptr;
  if (weights == nullptr || !weights->is_float()) return true;
  if (node.op == "MatMul" && weights->dims == OnnxDims{4, 4}) return false;
  return !takes_mean(node, *weights);
}

OnnxTail::OnnxTail(const OnnxGraph& graph, const std::map<std::string, OnnxDims>& extents,
                   const std::vector<std::string>& outputs, const std::string& where)
    : graph_(graph), makers_(graph), outputs_(outputs), where_(where) {
  std::set<std::string> wanted(outputs.begin(), outputs.end());
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    const auto is_wanted = [&](const std::string& name) { return wanted.contains(name); };
    if (std::none_of(node->outputs.begin(), node->outputs.end(), is_wanted)) continue;
    if (is_source(*node)) {
      add_source(*node, extents);
      continue;
    }
    const auto shape = node->op == "Shape" && node->attributes.empty()
                           ? extents.find(node->inputs.front())
                           : extents.end();
    if (shape != extents.end()) {
      const auto axes = static_cast<std::int64_t>(shape->second.size());
      shapes_[node->outputs.front()] = {{axes}, shape->second};
      continue;
    }
    nodes_.push_back(&*node);
    wanted.insert(node->inputs.begin(), node->inputs.end());
  }
  std::reverse(nodes_.begin(), nodes_.end());
  std::reverse(sources_.begin(), sources_.end());
  for (const OnnxValueInfo& input : graph.inputs) {
    if (wanted.contains(input.name) && !graph.initializers.contains(input.name)) {
      throw BadInput(where + ": the picture itself leads to an output");
    }
  }
}

/// Whether a node is a layer with weights, or trained numbers right behind one.
bool OnnxTail::is_source(const OnnxNode& node) const {
  return has_weights(makers_, node) || is_scaled(node) || is_biased(node);
}

/// Whether a node multiplies what a layer with weights gives by one trained number (SCRFD's
/// scales), not by a level's stride.
bool OnnxTail::is_scaled(const OnnxNode& node) const {
  if (node.op != "Mul" || node.inputs.size() != 2) return false;
  const auto is_number = [&](const std::string& name) {
    const std::vector<float>* number = numbers(name);
    return number != nullptr && number->size() == 1 && !is_stride(number->front());
  };
  return (is_number(node.inputs[0]) && layer(node.inputs[1]) != nullptr) ||
         (is_number(node.inputs[1]) && layer(node.inputs[0]) != nullptr);
}

/// Whether a node adds a number per column to a product of matrices.
bool OnnxTail::is_biased(const OnnxNode& node) const {
  if (node.op != "Add") return false;
  const auto are_biases = [&](const std::string& name, const std::string& other) {
    const OnnxTensor* biases = makers_.constant(name);
    const OnnxNode* product = layer(other);
    if (biases == nullptr || !biases->is_float() || biases->dims.size() != 1) return false;
    if (product == nullptr || product->op != "MatMul") return false;
    const OnnxTensor* weights = makers_.constant(product->inputs[1]);
    return weights != nullptr && !weights->dims.empty() && weights->dims.back() == biases->dims[0];
  };
  return are_biases(node.inputs[0], node.inputs[1]) || are_biases(node.inputs[1], node.inputs[0]);
}

/// The layer with weights that gives a value; null if none does.
const OnnxNode* OnnxTail::layer(const std::string& value) const {
  const OnnxNode* node = makers_.of(value);
  return node != nullptr && has_weights(makers_, *node) ? node : nullptr;
}

/// Of a constant; null if it is none, or not of floats.
const std::vector<float>* OnnxTail::numbers(const std::string& value) const {
  const OnnxTensor* tensor = makers_.constant(value);
  return tensor != nullptr && tensor->is_float() ? &tensor->floats() : nullptr;
}

bool OnnxTail::has_operator(std::string_view op) const {
  return std::any_of(nodes_.begin(), nodes_.end(),
                     [&](const OnnxNode* node) { return node->op == op; });
}

void OnnxTail::add_source(const OnnxNode& node, const std::map<std::string, OnnxDims>& extents) {
  const auto found = extents.find(node.outputs.front());
  if (found == extents.end() || count_elements(found->second) > kMostNumbers) {
    throw BadInput(where_ + ": '" + node.outputs.front() + "' is no end of a detector");
  }
  sources_.push_back({found->first, found->second, is_scaled(node)});
}

std::vector<OnnxTensor> OnnxTail::compute(const std::vector<float>& numbers) const {
  std::map<std::string, OnnxTensor> values = shapes_;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const auto count = static_cast<std::size_t>(count_elements(sources_[i].dims));
    values[sources_[i].name] = {sources_[i].dims, std::vector<float>(count, numbers.at(i))};
  }
  for (const OnnxNode* node : nodes_) run(*node, values);
  std::vector<OnnxTensor> results;
  for (const std::string& name : outputs_) results.push_back(values.at(name));
  return results;
}

void OnnxTail::run(const OnnxNode& node, std::map<std::string, OnnxTensor>& values) const {
  const OnnxNodeReader reader(node, where_, graph_.opset);
  std::vector<const OnnxTensor*> inputs;
  for (const std::string& name : node.inputs) {
    const auto made = values.find(name);
    const auto stored = graph_.initializers.find(name);
    inputs.push_back(made != values.end()                  ? &made->second
                     : stored != graph_.initializers.end() ? &stored->second
                                                           : nullptr);
    if (inputs.back() == nullptr && !name.empty()) reader.refuse("nobody makes '" + name + "'");
  }
  std::vector<OnnxTensor> results = evaluate(reader, inputs);
  for (std::size_t i = 0; i < node.outputs.size() && i < results.size(); ++i) {
    values[node.outputs[i]] = std::move(results[i]);
  }
}

}  // namespace vpinfer
