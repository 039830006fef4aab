#include "import/onnx_reads.hpp"

#include <algorithm>
#include <set>

namespace vpinfer {
namespace {

/// Adds what a graph of a node reads from outside.
void add_outer_reads(const OnnxGraph& graph, std::vector<std::string>& names) {
  std::set<std::string> made;
  for (const auto& [name, tensor] : graph.initializers) made.insert(name);
  for (const OnnxValueInfo& input : graph.inputs) made.insert(input.name);
  std::vector<std::string> read = output_names(graph);
  for (const OnnxNode& node : graph.nodes) {
    made.insert(node.outputs.begin(), node.outputs.end());
    const std::vector<std::string> inputs = values_read(node);
    read.insert(read.end(), inputs.begin(), inputs.end());
  }
  std::copy_if(read.begin(), read.end(), std::back_inserter(names),
               [&](const std::string& name) { return !made.contains(name); });
}

}  // namespace

std::vector<std::string> values_read(const OnnxNode& node) {
  std::vector<std::string> names = node.inputs;
  std::erase(names, "");  // an optional input that is left out
  for (const auto& [attribute, graph] : node.graphs) add_outer_reads(*graph, names);
  return names;
}

std::vector<const OnnxNode*> needed_nodes(const OnnxGraph& graph,
                                          const std::vector<std::string>& values) {
  std::set<std::string> wanted(values.begin(), values.end());
  std::vector<const OnnxNode*> backwards;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    const bool needed = std::any_of(node->outputs.begin(), node->outputs.end(),
                                    [&](const std::string& name) { return wanted.contains(name); });
    if (!needed) continue;
    backwards.push_back(&*node);
    const std::vector<std::string> read = values_read(*node);
    wanted.insert(read.begin(), read.end());
  }
  return {backwards.rbegin(), backwards.rend()};
}

std::vector<std::string> output_names(const OnnxGraph& graph) {
  std::vector<std::string> names;
  for (const OnnxValueInfo& output : graph.outputs) names.push_back(output.name);
  return names;
}

}  // namespace vpinfer
