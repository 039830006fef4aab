#pragma once

#include <map>
#include <string>
#include <vector>

#include "import/onnx.hpp"

namespace vpinfer {

/// translate_onnx without its advice.
[[nodiscard]] OnnxModel translate_strictly(const OnnxGraph& graph, const OnnxImportOptions& options,
                                           const std::string& where);

/// The end of a refusal: which `--outputs` would import the rest; nothing if none would.
[[nodiscard]] std::string advise_cuts(const OnnxGraph& graph, const OnnxImportOptions& options,
                                      const std::string& where);

/// How often each value is read by some nodes and as an output.
[[nodiscard]] std::map<std::string, int> count_uses(const std::vector<const OnnxNode*>& nodes,
                                                    const std::vector<std::string>& outputs);

/// The extents that a file states.
[[nodiscard]] std::map<std::string, OnnxDims> declared_shapes(const OnnxGraph& graph);

}  // namespace vpinfer
