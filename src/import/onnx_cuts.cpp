// How far a graph can be imported that cannot be as a whole.

#include "import/onnx_cuts.hpp"

#include <algorithm>
#include <set>

#include "import/onnx_builder.hpp"
#include "import/onnx_inputs.hpp"
#include "import/onnx_nodes.hpp"
#include "import/onnx_reads.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// A refusal is one line, which should stay readable.
constexpr std::size_t kMostAdvice = 400;

/// Translates those nodes of a graph that can be.
class Attempt {
 public:
  Attempt(const OnnxGraph& graph, const std::vector<std::string>& outputs,
          const OnnxImportOptions& options, const std::string& where)
      : outputs_(outputs),
        needed_(needed_nodes(graph, outputs)),
        builder_(where, count_uses(needed_, outputs), declared_shapes(graph)) {
    for (const auto& [name, tensor] : graph.initializers) {
      builder_.define(name, OnnxConstant(OnnxConstant(), &tensor));  // the graph owns it
    }
    std::vector<std::string> warnings;
    define_inputs(builder_, {graph, options, where, needed_}, warnings);
    OnnxNodeTranslator translator(graph, builder_, where);
    for (const OnnxNode* node : needed_) translate(translator, *node);
  }

  /// Why nodes cannot be translated, for those that are reached.
  [[nodiscard]] const std::map<const OnnxNode*, std::string>& problems() const { return problems_; }
  [[nodiscard]] const std::map<std::string, OnnxDims>& dims() const { return dims_; }

  /// What has been computed from the input for nodes that could not be translated, or as an output.
  [[nodiscard]] std::vector<std::string> cuts() const {
    std::vector<std::string> names;
    const auto add = [&](const std::string& name) {
      const OnnxValue* value = builder_.find(name);
      const auto* map = value == nullptr ? nullptr : std::get_if<FeatureMap>(value);
      if (map == nullptr || map->position == 0) return;
      if (std::count(names.begin(), names.end(), name) == 0) names.push_back(name);
    };
    for (const OnnxNode* node : left_) {
      for (const std::string& name : values_read(*node)) add(name);
    }
    std::for_each(outputs_.begin(), outputs_.end(), add);
    return names;
  }

 private:
  void translate(OnnxNodeTranslator& translator, const OnnxNode& node) {
    const std::vector<std::string>& inputs = node.inputs;
    const bool reached = std::all_of(inputs.begin(), inputs.end(), [&](const std::string& name) {
      return name.empty() || builder_.find(name) != nullptr;
    });
    if (!reached) return left_.push_back(&node);
    const OnnxBuilder::Checkpoint checkpoint = builder_.checkpoint();
    try {
      translator.translate(node);
    } catch (const BadInput& e) {
      builder_.go_back(checkpoint, node);
      problems_[&node] = e.what();
      return left_.push_back(&node);
    }
    for (const std::string& name : node.outputs) {
      const OnnxValue* value = builder_.find(name);
      if (value == nullptr) continue;
      const auto* constant = std::get_if<OnnxConstant>(value);
      dims_[name] = constant != nullptr ? (*constant)->dims : std::get<FeatureMap>(*value).dims;
    }
  }

  const std::vector<std::string>& outputs_;
  std::vector<const OnnxNode*> needed_;
  OnnxBuilder builder_;
  std::vector<const OnnxNode*> left_;
  std::map<const OnnxNode*, std::string> problems_;
  std::map<std::string, OnnxDims> dims_;
};

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
  return text;
}

/// Whether --outputs can name all of these, and a network ends there.
bool can_be_cut(const OnnxGraph& graph, OnnxImportOptions options, const std::string& where,
                const std::vector<std::string>& cuts) {
  const bool plain = std::none_of(cuts.begin(), cuts.end(), [](const std::string& name) {
    return name.empty() || name.find_first_of(", \t\n'\"") != std::string::npos;
  });
  if (cuts.empty() || !plain || joined(cuts).size() > kMostAdvice) return false;
  options.outputs = cuts;
  try {
    (void)translate_strictly(graph, options, where);
    return true;
  } catch (const BadInput&) {
    return false;
  }
}

OnnxTensorListing listed(const std::string& name, const std::map<std::string, OnnxDims>& dims) {
  const auto found = dims.find(name);
  return {name, found == dims.end() ? std::nullopt : std::optional(found->second)};
}

}  // namespace

std::map<std::string, int> count_uses(const std::vector<const OnnxNode*>& nodes,
                                      const std::vector<std::string>& outputs) {
  std::map<std::string, int> uses;
  for (const std::string& name : outputs) ++uses[name];
  for (const OnnxNode* node : nodes) {
    for (const std::string& name : values_read(*node)) ++uses[name];
  }
  return uses;
}

std::map<std::string, OnnxDims> declared_shapes(const OnnxGraph& graph) {
  std::map<std::string, OnnxDims> declared;
  for (const auto* list : {&graph.outputs, &graph.values}) {
    for (const OnnxValueInfo& value : *list) {
      if (value.dims) declared[value.name] = *value.dims;
    }
  }
  return declared;
}

std::string advise_cuts(const OnnxGraph& graph, const OnnxImportOptions& options,
                        const std::string& where) {
  const std::vector<std::string> outputs =
      options.outputs.empty() ? output_names(graph) : options.outputs;
  const std::vector<std::string> cuts = Attempt(graph, outputs, options, where).cuts();
  if (!can_be_cut(graph, options, where, cuts)) return {};
  return "; --outputs " + joined(cuts) + " would import the rest";
}

OnnxListing list_onnx(const OnnxGraph& graph, const std::string& where) {
  std::vector<std::string> all = output_names(graph);
  for (const OnnxNode& node : graph.nodes) {
    std::copy_if(node.outputs.begin(), node.outputs.end(), std::back_inserter(all),
                 [](const std::string& name) { return !name.empty(); });
  }
  std::map<std::string, OnnxDims> dims = declared_shapes(graph);
  std::map<const OnnxNode*, std::string> problems;
  OnnxListing listing;
  try {
    const Attempt attempt(graph, all, {}, where);
    for (const auto& [name, known] : attempt.dims()) dims[name] = known;
    problems = attempt.problems();
    const std::vector<std::string> cuts = Attempt(graph, output_names(graph), {}, where).cuts();
    if (!problems.empty() && can_be_cut(graph, {}, where, cuts)) listing.cuts = cuts;
  } catch (const BadInput&) {
    // Its input has no size: what the file declares is all that is known.
  }
  for (const OnnxValueInfo& input : graph.inputs) {
    if (!graph.initializers.contains(input.name))
      listing.inputs.push_back({input.name, input.dims});
  }
  for (const OnnxValueInfo& output : graph.outputs) {
    listing.outputs.push_back(listed(output.name, dims));
  }
  for (const OnnxNode& node : graph.nodes) {
    OnnxListing::Node entry{node.name, node.op, {}, {}};
    for (const std::string& name : node.outputs) {
      if (!name.empty()) entry.outputs.push_back(listed(name, dims));
    }
    const auto problem = problems.find(&node);
    if (problem != problems.end()) entry.problem = problem->second;
    listing.nodes.push_back(std::move(entry));
  }
  return listing;
}

}  // namespace vpinfer
