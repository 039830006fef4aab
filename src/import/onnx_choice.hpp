#pragma once

#include <string>
#include <vector>

#include "import/onnx_graph.hpp"

namespace vpinfer {

/// Where a graph begins to choose among what its last layers with weights give.
struct OnnxChoice {
  std::vector<std::string> tensors;  ///< what it chooses among, and outputs that it does not touch
  bool suppresses = false;           ///< perhaps boxes that overlap, not only those with low scores
};

/// Finds TopK, NonMaxSuppression and NonZero behind all layers with weights, not those that such
/// follow (the choice of RT-DETR's queries).  The ways to cut there, the likeliest first: where
/// they choose among parts of a tensor, such as the best score of each row, before it is parted;
/// else, or if that is not the only way, right before them.  Empty if there are none.
[[nodiscard]] std::vector<OnnxChoice> find_choices(const OnnxGraph& graph);

}  // namespace vpinfer
