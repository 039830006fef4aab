#include "import/onnx_nodes.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "import/onnx_reads.hpp"
#include "tensor/operators.hpp"

namespace vpinfer {
namespace {

/// What all computed constants together may have of numbers, beside a few times those of the file:
/// 32 MiB as floats.
constexpr std::int64_t kMostFolded = std::int64_t{1} << 23U;
constexpr std::int64_t kMostFoldings = 4;

std::int64_t numbers_of(const OnnxGraph& graph) {
  std::int64_t count = 0;
  for (const auto& [name, tensor] : graph.initializers) count += count_elements(tensor.dims);
  return count;
}

bool has_an_output(const OnnxNode& node) {
  return std::any_of(node.outputs.begin(), node.outputs.end(),
                     [](const std::string& name) { return !name.empty(); });
}

/// Layers that only move elements take whole numbers as they are.
bool takes_integers(std::string_view op) {
  constexpr std::array<std::string_view, 11> kMoving{"Cast",    "Concat",    "Flatten",  "Identity",
                                                     "Reshape", "Shape",     "Slice",    "Split",
                                                     "Squeeze", "Transpose", "Unsqueeze"};
  return std::find(kMoving.begin(), kMoving.end(), op) != kMoving.end();
}

/// Whether a node computes with whole numbers that depend on the picture.
bool computes_integers(const OnnxBuilder& builder, const OnnxNodeReader& reader) {
  for (std::size_t i = 0; i < reader.node().inputs.size(); ++i) {
    if (!reader.has_input(i)) continue;
    const auto* map = std::get_if<FeatureMap>(&builder.value(reader, i));
    if (map != nullptr && !map->is_float) return !takes_integers(reader.node().op);
  }
  return false;
}

}  // namespace

const std::vector<OnnxOperator>& onnx_layer_operators() {
  static const std::vector<OnnxOperator> table = [] {
    std::vector<OnnxOperator> all;
    for (const auto& part :
         {onnx_weighted_operators(), onnx_pooling_operators(), onnx_reducing_operators(),
          onnx_normalising_operators(), onnx_elementwise_operators(), onnx_activation_operators(),
          onnx_moving_operators(), onnx_shape_operators()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return table;
}

OnnxNodeTranslator::OnnxNodeTranslator(const OnnxGraph& graph, OnnxBuilder& builder,
                                       std::string where)
    : builder_(builder),
      where_(std::move(where)),
      opset_(graph.opset),
      may_fold_(kMostFolded + kMostFoldings * numbers_of(graph)) {}

void OnnxNodeTranslator::translate(const OnnxNode& node) {
  const OnnxNodeReader reader(node, where_, opset_);
  if (!node.domain.empty()) reader.unsupported("an operator of '" + node.domain + "'");
  if (!node.unreadable.empty()) {
    reader.unsupported("the attribute '" + node.unreadable.front() + "'");
  }
  if (node.op == "If") {
    enter_branch(reader);
  } else if (!fold(reader)) {
    translate_or_add_islands(reader);
  }
  builder_.release(values_read(node));
}

void OnnxNodeTranslator::translate_or_add_islands(const OnnxNodeReader& reader) {
  const OnnxNode& node = reader.node();
  const auto& operators = onnx_layer_operators();
  const auto found =
      std::find_if(operators.begin(), operators.end(),
                   [&](const OnnxOperator& candidate) { return candidate.name == node.op; });
  const bool is_layer = found != operators.end();
  if (!is_layer && !can_evaluate(node.op)) {
    throw Unsupported(reader.where() +
                      ": this operator is not supported; 'vpinfer import --list-layers' shows "
                      "those that are, --outputs ends the network before it");
  }
  if (is_layer && node.inputs.size() > found->most_inputs) {
    reader.refuse("it has " + std::to_string(node.inputs.size()) + " inputs, " +
                  std::to_string(found->most_inputs) + " are possible");
  }
  if (!has_an_output(node)) reader.refuse("it has no output");
  if (!is_layer || computes_integers(builder_, reader)) return builder_.add_islands(reader);
  if (!reader.has_output(0)) reader.unsupported("leaving out its first output");
  const OnnxBuilder::Checkpoint checkpoint = builder_.checkpoint();
  try {
    found->translate(builder_, reader);
  } catch (const Unsupported&) {
    if (!can_evaluate(node.op) || builder_.batch() != 1) throw;
    builder_.go_back(checkpoint, node);
    builder_.add_islands(reader);
  }
}

/// Computes a node that depends on constants only; false if it does not.
bool OnnxNodeTranslator::fold(const OnnxNodeReader& reader) {
  const OnnxNode& node = reader.node();
  if (node.outputs.empty() || !can_evaluate(node.op)) return false;
  std::vector<const OnnxTensor*> inputs;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (!reader.has_input(i)) {
      inputs.push_back(nullptr);
      continue;
    }
    const auto* constant = std::get_if<OnnxConstant>(&builder_.value(reader, i));
    if (constant == nullptr) return false;
    inputs.push_back(constant->get());
  }
  const auto check_room = [&] {
    if (may_fold_ < 0) reader.refuse("the constants of this graph are too large when computed");
  };
  check_room();
  std::vector<OnnxTensor> results = evaluate(reader, inputs);
  for (const OnnxTensor& result : results) may_fold_ -= count_elements(result.dims);
  check_room();
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    const std::string& name = node.outputs[i];
    if (name.empty() || !builder_.is_read(name)) continue;
    if (i >= results.size()) reader.unsupported("its output number " + std::to_string(i + 1));
    builder_.define(name, std::make_shared<OnnxTensor>(std::move(results[i])));
  }
  return true;
}

const OnnxGraph& OnnxNodeTranslator::chosen_branch(const OnnxNodeReader& reader) const {
  const OnnxTensor& condition = builder_.constant(reader, 0);
  if (condition.is_float() || condition.integers().size() != 1) {
    reader.refuse("its condition must be one boolean");
  }
  const char* name = condition.integers().front() != 0 ? "then_branch" : "else_branch";
  const auto branch = reader.node().graphs.find(name);
  if (branch == reader.node().graphs.end()) reader.refuse("it has no " + std::string(name));
  if (branch->second->outputs.size() != reader.node().outputs.size()) {
    reader.refuse("its " + std::string(name) + " has another number of outputs");
  }
  return *branch->second;
}

/// The nodes of the branch that a constant condition chooses take the place of the node.
void OnnxNodeTranslator::enter_branch(const OnnxNodeReader& reader) {
  const OnnxGraph& branch = chosen_branch(reader);
  const std::vector<std::string> results = output_names(branch);
  const std::vector<const OnnxNode*> nodes = needed_nodes(branch, results);
  const auto refuse_known = [&](const std::string& name) {
    if (builder_.find(name) != nullptr) reader.refuse("'" + name + "' is made twice");
  };
  for (const auto& [name, tensor] : branch.initializers) refuse_known(name);
  for (const OnnxNode* node : nodes) {
    std::for_each(node->outputs.begin(), node->outputs.end(), refuse_known);
    builder_.expect(values_read(*node));
  }
  builder_.expect(results);
  for (const auto& [name, tensor] : branch.initializers) {
    builder_.define(name, OnnxConstant(OnnxConstant(), &tensor));  // the graph owns it
  }
  for (const OnnxNode* node : nodes) translate(*node);
  for (std::size_t i = 0; i < results.size(); ++i) {
    const OnnxValue* result = builder_.find(results[i]);
    if (result == nullptr) reader.refuse("no node makes '" + results[i] + "' of its branch");
    const std::string& name = reader.node().outputs[i];
    if (!name.empty() && builder_.is_read(name)) builder_.define(name, OnnxValue(*result));
  }
  builder_.release(results);
}

}  // namespace vpinfer
