#include "import/onnx_attention.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "import/onnx_reads.hpp"

namespace vpinfer {
namespace {

bool is_scaling(const OnnxNode& node) {
  return (node.op == "Mul" || node.op == "Div") && node.inputs.size() == 2;
}

bool is_product(const OnnxNode& node) {
  return node.op == "MatMul" && node.inputs.size() == 2;
}

class AttentionFinder {
 public:
  AttentionFinder(const std::vector<const OnnxNode*>& nodes, const OnnxReaders& readers)
      : nodes_(nodes), readers_(readers) {}

  /// That which ends with a product.
  [[nodiscard]] std::optional<OnnxAttention> ending_with(const OnnxNode& product) const {
    for (const std::size_t weights : {0U, 1U}) {
      OnnxAttention found;
      found.product = &product;
      found.values_first = weights == 1;
      found.values = product.inputs[1 - weights];
      if (add_softmax(product.inputs[weights], found) && add_scores(found)) {
        add_operands(found);
        add_beside(found);
        add_after(found);
        return found;
      }
    }
    return std::nullopt;
  }

 private:
  /// Who makes a value for one node alone.
  [[nodiscard]] const OnnxNode* only_maker(const std::string& name) const {
    const OnnxNode* node = readers_.maker(name);
    return node != nullptr && readers_.only_reader(*node) != nullptr ? node : nullptr;
  }

  bool add_softmax(const std::string& weights, OnnxAttention& found) const {
    const OnnxNode* node = only_maker(weights);
    if (found.values_first) {
      if (node == nullptr || node->op != "Transpose" || !only_moves(*node)) return false;
      found.between.push_back(node);
      node = only_maker(node->inputs.front());
    }
    found.softmax = node;
    return node != nullptr && node->op == "Softmax" && !node->inputs.empty();
  }

  bool add_scores(OnnxAttention& found) const {
    const OnnxNode* node = only_maker(found.softmax->inputs.front());
    while (node != nullptr && is_scaling(*node)) {
      found.between.push_back(node);
      node = only_maker(scaled(*node));
    }
    if (node == nullptr || !is_product(*node)) return false;
    found.scores = node;
    found.queries = node->inputs[0];
    found.keys = node->inputs[1];
    return true;
  }

  /// What a node scales, if it does so by something that does not depend on the picture.
  [[nodiscard]] std::string scaled(const OnnxNode& node) const {
    const bool first = readers_.depends_on_picture(node.inputs[0]);
    const bool second = readers_.depends_on_picture(node.inputs[1]);
    if (first && !second) return node.inputs[0];
    return !first && second && node.op == "Mul" ? node.inputs[1] : "";
  }

  void add_operands(OnnxAttention& found) const {
    std::set<const OnnxNode*> brings;
    for (const std::string& operand : {found.queries, found.keys, found.values}) {
      std::string name = operand;
      while (const OnnxNode* node = readers_.maker(name)) {
        if (only_moves(*node)) {
          name = node->inputs.front();
        } else if (is_scaling(*node) && !scaled(*node).empty()) {
          name = scaled(*node);
        } else {
          break;
        }
        brings.insert(node);
      }
    }
    std::copy_if(nodes_.begin(), nodes_.end(), std::back_inserter(found.before),
                 [&](const OnnxNode* node) { return brings.contains(node); });
  }

  void add_beside(OnnxAttention& found) const {
    for (const OnnxNode* node : found.before) {
      for (const OnnxNode* reader : readers_.of(*node)) {
        const auto is_in = [&](const std::vector<const OnnxNode*>& nodes) {
          return std::find(nodes.begin(), nodes.end(), reader) != nodes.end();
        };
        const bool is_known = reader == nullptr || is_in(found.before) || is_in(found.beside);
        if (!is_known && only_moves(*reader)) found.beside.push_back(reader);
      }
    }
  }

  void add_after(OnnxAttention& found) const {
    const OnnxNode* node = readers_.only_reader(*found.product);
    while (node != nullptr && only_moves(*node)) {
      found.after.push_back(node);
      node = readers_.only_reader(*node);
    }
  }

  const std::vector<const OnnxNode*>& nodes_;
  const OnnxReaders& readers_;
};

}  // namespace

bool only_moves(const OnnxNode& node) {
  constexpr std::array<std::string_view, 9> kMoving{"Transpose", "Reshape", "Split",
                                                    "Slice",     "Gather",  "Squeeze",
                                                    "Unsqueeze", "Flatten", "Identity"};
  return !node.inputs.empty() &&
         std::find(kMoving.begin(), kMoving.end(), node.op) != kMoving.end();
}

OnnxReaders::OnnxReaders(const OnnxGraph& graph, const std::vector<const OnnxNode*>& nodes,
                         const std::vector<std::string>& outputs) {
  std::set<std::string> known;
  for (const auto& [name, tensor] : graph.initializers) known.insert(name);
  for (const OnnxValueInfo& input : graph.inputs) {
    if (known.insert(input.name).second) dependent_.insert(input.name);
  }
  for (const OnnxNode* node : nodes) {
    bool depends = false;
    bool is_in_order = true;  // in a damaged graph a node may read what comes after it
    for (const std::string& name : values_read(*node)) {
      readers_[name].push_back(node);
      depends = depends || dependent_.contains(name);
      is_in_order = is_in_order && known.contains(name);
    }
    if (!is_in_order) continue;
    known.insert(node->outputs.begin(), node->outputs.end());
    for (const std::string& name : node->outputs) {
      makers_[name] = node;
      if (depends && node->op != "Shape") dependent_.insert(name);
    }
  }
  for (const std::string& name : outputs) readers_[name].push_back(nullptr);
}

std::vector<const OnnxNode*> OnnxReaders::of(const OnnxNode& node) const {
  std::vector<const OnnxNode*> all;
  for (const std::string& name : node.outputs) {
    const auto found = readers_.find(name);
    if (found != readers_.end()) all.insert(all.end(), found->second.begin(), found->second.end());
  }
  return all;
}

const OnnxNode* OnnxReaders::only_reader(const OnnxNode& node) const {
  const std::vector<const OnnxNode*> all = of(node);
  return all.size() == 1 ? all.front() : nullptr;
}

const OnnxNode* OnnxReaders::maker(const std::string& name) const {
  const auto found = makers_.find(name);
  return found != makers_.end() && depends_on_picture(name) ? found->second : nullptr;
}

std::vector<OnnxAttention> find_attentions(const std::vector<const OnnxNode*>& nodes,
                                           const OnnxReaders& readers) {
  const AttentionFinder finder(nodes, readers);
  std::vector<OnnxAttention> all;
  for (const OnnxNode* node : nodes) {
    if (!is_product(*node)) continue;
    if (auto found = finder.ending_with(*node)) all.push_back(*std::move(found));
  }
  return all;
}

}  // namespace vpinfer
