#include "import/onnx_choice.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "import/onnx_tail.hpp"

namespace vpinfer {
namespace {

template <std::size_t kCount>
bool is_one_of(const std::string& op, const std::array<std::string_view, kCount>& ops) {
  return std::find(ops.begin(), ops.end(), op) != ops.end();
}

bool is_any_in(const std::vector<std::string>& names, const std::set<std::string>& set) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return set.contains(name); });
}

/// Follows a graph, in its order, from the picture to what is chosen.
class ChoiceFinder {
 public:
  explicit ChoiceFinder(const OnnxGraph& graph) : graph_(graph) {
    for (const OnnxValueInfo& input : graph.inputs) {
      if (!graph.initializers.contains(input.name)) computed_.insert(input.name);
    }
    for (const OnnxNode& node : graph.nodes) visit(node);
  }

  [[nodiscard]] std::optional<OnnxChoice> find() const {
    if (chosen_.empty() || has_late_weights_) return std::nullopt;
    const std::set<std::string> border = independent();
    OnnxChoice choice{{border.begin(), border.end()}, suppresses_};
    for (const OnnxValueInfo& output : graph_.outputs) {
      if (!chosen_.contains(output.name) && !border.contains(output.name)) {
        choice.tensors.push_back(output.name);
      }
    }
    return choice;
  }

 private:
  void visit(const OnnxNode& node) {
    constexpr std::array<std::string_view, 3> kChoosing{"TopK", "NonMaxSuppression", "NonZero"};
    if (node.op == "Shape" || !is_any_in(node.inputs, computed_)) return;
    computed_.insert(node.outputs.begin(), node.outputs.end());
    const bool follows = is_any_in(node.inputs, chosen_);
    has_late_weights_ |= follows && is_weighted_operator(node.op);
    if (!follows && !is_one_of(node.op, kChoosing)) return;
    suppresses_ |= node.op != "TopK" && is_one_of(node.op, kChoosing);
    chosen_.insert(node.outputs.begin(), node.outputs.end());
    for (const std::string& name : node.inputs) {
      if (computed_.contains(name) && !chosen_.contains(name)) border_.insert(name);
    }
  }

  /// The border without what is made of other parts of it, which tells nothing new.
  [[nodiscard]] std::set<std::string> independent() const {
    std::set<std::string> kept = border_;
    std::set<std::string> known = border_;
    for (const OnnxNode& node : graph_.nodes) {
      if (node.op == "Shape" || !is_any_in(node.inputs, known)) continue;
      for (const std::string& name : node.outputs) kept.erase(name);
      known.insert(node.outputs.begin(), node.outputs.end());
    }
    return kept;
  }

  const OnnxGraph& graph_;
  std::set<std::string> computed_;
  std::set<std::string> chosen_;
  std::set<std::string> border_;
  bool suppresses_ = false;
  bool has_late_weights_ = false;
};

}  // namespace

std::optional<OnnxChoice> find_choice(const OnnxGraph& graph) {
  return ChoiceFinder(graph).find();
}

}  // namespace vpinfer
