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

}  // namespace

bool is_weighted_operator(std::string_view op) {
  constexpr std::array<std::string_view, 4> kWeighted{"Conv", "ConvTranspose", "Gemm", "MatMul"};
  return std::find(kWeighted.begin(), kWeighted.end(), op) != kWeighted.end();
}

OnnxTail::OnnxTail(const OnnxGraph& graph, const std::map<std::string, OnnxDims>& extents,
                   const std::vector<std::string>& outputs, const std::string& where)
    : graph_(graph), outputs_(outputs), where_(where) {
  std::set<std::string> wanted(outputs.begin(), outputs.end());
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    const auto is_wanted = [&](const std::string& name) { return wanted.contains(name); };
    if (std::none_of(node->outputs.begin(), node->outputs.end(), is_wanted)) continue;
    if (is_source(*node)) {
      add_source(*node, extents);
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
  return is_weighted(node) || is_scaled(node);
}

/// Whether a node multiplies what a layer with weights gives by one trained number (SCRFD's
/// scales), not by a level's stride.
bool OnnxTail::is_scaled(const OnnxNode& node) const {
  if (node.op != "Mul" || node.inputs.size() != 2) return false;
  const auto is_number = [&](const std::string& name) {
    const auto found = graph_.initializers.find(name);
    if (found == graph_.initializers.end() || !found->second.is_float()) return false;
    const std::vector<float>& numbers = found->second.floats();
    return numbers.size() == 1 && !is_stride(numbers.front());
  };
  const auto is_layer = [&](const std::string& name) {
    return std::any_of(graph_.nodes.begin(), graph_.nodes.end(), [&](const OnnxNode& maker) {
      return maker.outputs.front() == name && is_weighted(maker);
    });
  };
  return (is_number(node.inputs[0]) && is_layer(node.inputs[1])) ||
         (is_number(node.inputs[1]) && is_layer(node.inputs[0]));
}

/// The mean of a distribution is no layer with weights.
bool OnnxTail::is_weighted(const OnnxNode& node) const {
  return is_weighted_operator(node.op) && !is_mean(node);
}

/// Whether a convolution only adds up 0, 1, 2, ... times its channels.
bool OnnxTail::is_mean(const OnnxNode& node) const {
  if (node.op != "Conv" || node.inputs.size() != 2) return false;
  const auto found = graph_.initializers.find(node.inputs[1]);
  if (found == graph_.initializers.end() || !found->second.is_float()) return false;
  const OnnxTensor& weights = found->second;
  if (weights.dims.size() != 4 || weights.dims[1] != count_elements(weights.dims)) return false;
  float next = 0;
  return std::all_of(weights.floats().begin(), weights.floats().end(),
                     [&](float weight) { return weight == next++; });
}

void OnnxTail::add_source(const OnnxNode& node, const std::map<std::string, OnnxDims>& extents) {
  const auto found = extents.find(node.outputs.front());
  if (found == extents.end() || count_elements(found->second) > kMostNumbers) {
    throw BadInput(where_ + ": '" + node.outputs.front() + "' is no end of a detector");
  }
  sources_.push_back({found->first, found->second});
}

std::vector<OnnxTensor> OnnxTail::compute(const std::vector<float>& numbers) const {
  std::map<std::string, OnnxTensor> values;
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
