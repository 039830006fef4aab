#include "import/onnx_choice.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "import/name_list.hpp"
#include "import/onnx_tail.hpp"

namespace vpinfer {
namespace {

bool is_any_in(const std::vector<std::string>& names, const std::set<std::string>& set) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return set.contains(name); });
}

/// Follows a graph, in its order, from the picture to what is chosen.
class ChoiceFinder {
 public:
  explicit ChoiceFinder(const OnnxGraph& graph) : graph_(graph), makers_(graph) {
    for (const OnnxValueInfo& input : graph.inputs) {
      if (!graph.initializers.contains(input.name)) computed_.insert(input.name);
    }
    for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
      if (!has_weights(makers_, *node) && !is_any_in(node->outputs, early_)) continue;
      early_.insert(node->inputs.begin(), node->inputs.end());
    }
    for (const OnnxNode& node : graph.nodes) visit(node);
  }

  [[nodiscard]] std::vector<OnnxChoice> find() const {
    if (chosen_.empty()) return {};
    Border whole;
    for (const std::string& name : border_) add_whole(name, whole);
    std::vector<OnnxChoice> choices{choice_of(whole.names)};
    if (!whole.follows_best && whole.names != border_) choices.push_back(choice_of(border_));
    return choices;
  }

 private:
  struct Border {
    std::set<std::string> names;
    bool follows_best = false;  ///< it is that before the best class of each candidate
  };

  void visit(const OnnxNode& node) {
    constexpr std::array<std::string_view, 3> kSuppressing{"NonMaxSuppression", "NonZero",
                                                           "EfficientNMS_TRT"};
    const bool follows = is_any_in(node.inputs, chosen_);
    if (!is_any_in(node.inputs, computed_) || (node.op == "Shape" && !follows)) return;
    computed_.insert(node.outputs.begin(), node.outputs.end());
    const bool suppresses = is_one_of(node.op, kSuppressing);
    const bool chooses = (suppresses || node.op == "TopK") && !is_any_in(node.outputs, early_);
    if (!chooses && !follows) return;
    suppresses_ |= suppresses;
    chosen_.insert(node.outputs.begin(), node.outputs.end());
    for (const std::string& name : node.inputs) {
      if (computed_.contains(name) && !chosen_.contains(name)) border_.insert(name);
    }
  }

  [[nodiscard]] OnnxChoice choice_of(const std::set<std::string>& border) const {
    const std::set<std::string> kept = independent(border);
    OnnxChoice choice{{kept.begin(), kept.end()}, suppresses_};
    for (const OnnxValueInfo& output : graph_.outputs) {
      if (!chosen_.contains(output.name) && !kept.contains(output.name)) {
        choice.tensors.push_back(output.name);
      }
    }
    return choice;
  }

  /// Adds what a value is a part of, the greatest of, or the same as in one row.
  void add_whole(const std::string& value, Border& border) const {
    constexpr std::array<std::string_view, 2> kBest{"ArgMax", "ReduceMax"};
    constexpr std::array<std::string_view, 6> kPart{"Flatten",   "Gather",   "Squeeze",
                                                    "Unsqueeze", "Identity", "Cast"};
    const std::string* whole = &value;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {  // a damaged graph may go round
      const OnnxNode* node = makers_.of(*whole);
      if (node == nullptr || node->inputs.empty()) break;
      const bool is_best = is_one_of(node->op, kBest);
      if (!is_best && !is_one_of(node->op, kPart) && !is_flattening(*node)) break;
      border.follows_best |= is_best;
      whole = &node->inputs.front();
    }
    border.names.insert(*whole);
  }

  [[nodiscard]] bool is_flattening(const OnnxNode& node) const {
    if (node.op != "Reshape" || node.inputs.size() < 2) return false;
    const auto dims = graph_.initializers.find(node.inputs[1]);
    if (dims == graph_.initializers.end() || dims->second.is_float()) return false;
    const std::vector<std::int64_t>& extents = dims->second.integers();
    return extents.size() == 1 || (extents.size() == 2 && extents[0] == 1);
  }

  /// The border without what is made of other parts of it, which tells nothing new.
  [[nodiscard]] std::set<std::string> independent(const std::set<std::string>& border) const {
    std::set<std::string> kept = border;
    std::set<std::string> known = border;
    for (const OnnxNode& node : graph_.nodes) {
      if (node.op == "Shape" || !is_any_in(node.inputs, known)) continue;
      for (const std::string& name : node.outputs) kept.erase(name);
      known.insert(node.outputs.begin(), node.outputs.end());
    }
    return kept;
  }

  const OnnxGraph& graph_;
  OnnxMakers makers_;
  std::set<std::string> computed_;
  std::set<std::string> chosen_;
  std::set<std::string> border_;
  std::set<std::string> early_;  // what layers with weights follow
  bool suppresses_ = false;
};

}  // namespace

std::vector<OnnxChoice> find_choices(const OnnxGraph& graph) {
  return ChoiceFinder(graph).find();
}

}  // namespace vpinfer
