#pragma once

#include <string>

#include "import/onnx_graph.hpp"

namespace vpinfer {

// What a value of a graph with transformers comes from.

/// Whether there is attention, a softmax that is multiplied with something, somewhere before it.
[[nodiscard]] bool follows_attention(const OnnxGraph& graph, const std::string& value);

/// Whether boxes come from three linear layers with Relu between them, and scores from one or three
/// such, both of the same value (DETR, Carion et al., 2020; YOLOS, Fang et al., 2021).
[[nodiscard]] bool have_heads_of_queries(const OnnxGraph& graph, const std::string& boxes,
                                         const std::string& scores);

}  // namespace vpinfer
