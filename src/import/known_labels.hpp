#pragma once

#include <string>
#include <vector>

#include "import/onnx_graph.hpp"

namespace vpinfer {

/// The names of a network's classes: those that the exporter noted (ultralytics' `names`), or those
/// of a well-known set with so many classes: COCO's 80, VOC's 20.  Empty if there are none.
[[nodiscard]] std::vector<std::string> known_labels(const OnnxGraph& graph, int classes);

}  // namespace vpinfer
