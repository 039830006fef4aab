#pragma once

#include <string>
#include <vector>

#include "import/onnx_graph.hpp"

namespace vpinfer {

/// The values that a node reads, with those that the nodes of its own graphs read from outside of
/// these; each as often as it is read.
[[nodiscard]] std::vector<std::string> values_read(const OnnxNode& node);

/// The nodes of a graph that lead to some values, in the file's order.
[[nodiscard]] std::vector<const OnnxNode*> needed_nodes(const OnnxGraph& graph,
                                                        const std::vector<std::string>& values);

/// The names of a graph's outputs.
[[nodiscard]] std::vector<std::string> output_names(const OnnxGraph& graph);

}  // namespace vpinfer
