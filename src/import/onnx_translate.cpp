#include <algorithm>
#include <set>

#include "import/onnx.hpp"
#include "import/onnx_attention_fusion.hpp"
#include "import/onnx_builder.hpp"
#include "import/onnx_cuts.hpp"
#include "import/onnx_inputs.hpp"
#include "import/onnx_nodes.hpp"
#include "import/onnx_reads.hpp"
#include "tensor/operators.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

constexpr std::int64_t kOldestOpset = 7;
constexpr std::int64_t kNewestOpset = 24;    // whose changes are known
constexpr std::int64_t kCredibleOpset = 64;  // beyond it a file is damaged

/// Translates one graph.
class Translation {
 public:
  Translation(const OnnxGraph& graph, const OnnxImportOptions& options, const std::string& where)
      : graph_(graph), options_(options), where_(where) {}

  OnnxModel translate() {
    check_opset();
    check_names();
    choose_outputs();
    std::vector<const OnnxNode*> needed = needed_nodes(graph_, outputs_);
    // Constants first: what an attention reads may then be known before its turn.
    std::stable_partition(needed.begin(), needed.end(),
                          [](const OnnxNode* node) { return values_read(*node).empty(); });
    OnnxBuilder builder(where_, count_uses(needed, outputs_), declared_shapes(graph_));
    for (const auto& [name, tensor] : graph_.initializers) {
      builder.define(name, OnnxConstant(OnnxConstant(), &tensor));  // the graph owns it
    }
    define_inputs(builder, {graph_, options_, where_, needed}, warnings_);
    OnnxNodeTranslator translator(graph_, builder, where_);
    AttentionFusion fusion(graph_, needed, outputs_, builder, where_);
    for (const OnnxNode* node : needed) {
      for (const OnnxNode* due : fusion.due(*node)) translator.translate(*due);
    }
    add_outputs_to(builder);
    if (builder.network().size() < 2) refuse("there is no layer in this graph");
    OnnxModel model = builder.take();
    model.warnings = std::move(warnings_);
    return model;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const { throw BadInput(where_ + ": " + why); }

  /// Newer sets seldom change an operator, and then by attributes and inputs that are refused by
  /// name: better to try than to turn a file down that is mostly as it was.
  void check_opset() {
    const std::string set = "operator set " + std::to_string(graph_.opset);
    if (graph_.opset < kOldestOpset || graph_.opset > kCredibleOpset) {
      refuse(set + " is not supported; " + onnx_operator_sets() + " are, convert the model");
    }
    if (graph_.opset > kNewestOpset) {
      warnings_.push_back(set + " is newer than those known (" + onnx_operator_sets() +
                          "): its operators are taken for those of set " +
                          std::to_string(kNewestOpset));
    }
  }

  /// Every value is made once.
  void check_names() const {
    std::set<std::string> made;
    for (const OnnxValueInfo& input : graph_.inputs) {
      if (!made.insert(input.name).second) refuse("the input '" + input.name + "' is there twice");
    }
    for (const OnnxNode& node : graph_.nodes) {
      for (const std::string& name : node.outputs) {
        if (name.empty()) continue;
        if (graph_.initializers.contains(name) || !made.insert(name).second) {
          refuse("'" + name + "' is made twice; the file is damaged");
        }
      }
    }
  }

  void choose_outputs() {
    outputs_ = options_.outputs;
    if (outputs_.empty()) outputs_ = output_names(graph_);
    if (outputs_.empty()) refuse("this graph has no output");
    for (const std::string& name : outputs_) {
      if (std::count(outputs_.begin(), outputs_.end(), name) > 1) {
        refuse("the output '" + name + "' is there twice");
      }
    }
  }

  /// A layer can be an output once, and the input none: others get a copy.
  void add_outputs_to(OnnxBuilder& builder) {
    Network& network = builder.network();
    std::set<int> taken{0};
    for (const std::string& name : outputs_) {
      const OnnxValue* value = builder.find(name);
      if (value == nullptr) refuse("no node makes the output '" + name + "'");
      const FeatureMap ordered = output_of(builder, *value, name);
      int position = ordered.position;
      if (taken.contains(position)) {
        position = add_layer(network, Concat{}, {position}, where_, name);
      }
      taken.insert(position);
      add_output(network, position, name, where_);
      builder.add_result({name, position, {ordered.dims, ordered.order, ordered.is_float}});
    }
  }

  /// An output's elements as NCHW or NHWC, those of [N, T, C] in this order; a constant becomes a
  /// layer.
  [[nodiscard]] FeatureMap output_of(OnnxBuilder& builder, const OnnxValue& value,
                                     const std::string& name) const {
    const OnnxNode node{"Identity", "", name, {}, {name}, {}, {}};
    const OnnxNodeReader reader(node, where_, graph_.opset);
    if (const auto* constant = std::get_if<OnnxConstant>(&value)) {
      return builder.laid_out(reader, builder.layer_of(reader, **constant));
    }
    const FeatureMap map = builder.with_margin(std::get<FeatureMap>(value), where_);
    const bool is_picture = map.dims.size() != 3;  // whose box may be in either order
    const bool ordered = builder.same_order(map, kChannelsLast) ||
                         (is_picture && builder.same_order(map, kChannelsFirst));
    return ordered ? map : builder.laid_out(reader, map);
  }

  const OnnxGraph& graph_;
  const OnnxImportOptions& options_;
  const std::string& where_;
  std::vector<std::string> outputs_;
  std::vector<std::string> warnings_;
};

}  // namespace

std::string onnx_operator_sets() {
  return std::to_string(kOldestOpset) + " to " + std::to_string(kNewestOpset);
}

std::vector<OnnxOperatorHelp> onnx_operators() {
  std::vector<OnnxOperatorHelp> list;
  for (const OnnxOperator& op : onnx_layer_operators()) list.push_back({op.name, op.help});
  list.push_back({"If", "with a condition that is known at import: its branch"});
  return list;
}

std::vector<std::string_view> onnx_island_operators() {
  std::vector<std::string_view> names = evaluated_operators();
  std::erase_if(names, [](std::string_view name) {
    const auto& layers = onnx_layer_operators();
    return std::any_of(layers.begin(), layers.end(),
                       [&](const OnnxOperator& op) { return op.name == name; });
  });
  std::sort(names.begin(), names.end());
  return names;
}

OnnxModel translate_strictly(const OnnxGraph& graph, const OnnxImportOptions& options,
                             const std::string& where) {
  return Translation(graph, options, where).translate();
}

OnnxModel translate_onnx(const OnnxGraph& graph, const OnnxImportOptions& options,
                         const std::string& where) {
  try {
    return translate_strictly(graph, options, where);
  } catch (const Unsupported& e) {
    throw Unsupported(e.what() + advise_cuts(graph, options, where));
  }
}

}  // namespace vpinfer
