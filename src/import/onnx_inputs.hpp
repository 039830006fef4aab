#pragma once

#include <string>
#include <vector>

#include "import/onnx.hpp"
#include "import/onnx_builder.hpp"

namespace vpinfer {

/// A graph that is being translated.
struct OnnxTask {
  const OnnxGraph& graph;
  const OnnxImportOptions& options;
  const std::string& where;                    ///< how messages begin
  const std::vector<const OnnxNode*>& needed;  ///< the nodes to translate
};

/// Defines the inputs: one is the network's, others are not read or have usual values.  Throws
/// BadInput for all others, and for a size that is open or impossible.
void define_inputs(OnnxBuilder& builder, const OnnxTask& task, std::vector<std::string>& warnings);

}  // namespace vpinfer
