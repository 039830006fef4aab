#pragma once

#include <optional>
#include <string>
#include <vector>

#include "import/onnx_graph.hpp"

namespace vpinfer {

/// Where a graph begins to choose among what its last layers with weights give.
struct OnnxChoice {
  std::vector<std::string> tensors;  ///< what it chooses among, and outputs that it does not touch
  bool suppresses = false;           ///< perhaps boxes that overlap, not only those with low scores
};

/// Finds TopK, NonMaxSuppression and NonZero behind all layers with weights.  Empty if there are
/// none, or if weights follow them (DETR's queries).
[[nodiscard]] std::optional<OnnxChoice> find_choice(const OnnxGraph& graph);

}  // namespace vpinfer
