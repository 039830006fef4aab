#include "import/onnx_makers.hpp"

namespace vpinfer {

OnnxMakers::OnnxMakers(const OnnxGraph& graph) : graph_(graph) {
  for (const OnnxNode& node : graph.nodes) {
    for (const std::string& name : node.outputs) makers_.emplace(name, &node);
  }
}

const OnnxNode* OnnxMakers::of(const std::string& value) const {
  const auto found = makers_.find(value);
  return found == makers_.end() ? nullptr : found->second;
}

const OnnxTensor* OnnxMakers::constant(const std::string& value) const {
  std::string name = value;
  for (std::size_t copies = 0; copies <= makers_.size(); ++copies) {  // a graph may go round
    const auto found = graph_.initializers.find(name);
    if (found != graph_.initializers.end()) return &found->second;
    const OnnxNode* node = of(name);
    if (node == nullptr) return nullptr;
    const bool is_copy = node->op == "Identity" && !node->inputs.empty();
    if (!is_copy) {
      const auto stored = node->attributes.find("value");
      const bool is_constant = node->op == "Constant" && stored != node->attributes.end();
      return is_constant ? std::get_if<OnnxTensor>(&stored->second) : nullptr;
    }
    name = node->inputs.front();
  }
  return nullptr;
}

}  // namespace vpinfer
