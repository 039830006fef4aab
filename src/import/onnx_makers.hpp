#pragma once

#include <map>
#include <string>

#include "import/onnx_graph.hpp"

namespace vpinfer {

/// Who makes what in a graph, which must outlive it and may be damaged.
class OnnxMakers {
 public:
  explicit OnnxMakers(const OnnxGraph& graph);

  /// Null for inputs, constants of the file, and what nobody makes.
  [[nodiscard]] const OnnxNode* of(const std::string& value) const;
  /// A constant of the file or of a node, or a copy of one; null for another value.
  [[nodiscard]] const OnnxTensor* constant(const std::string& value) const;

 private:
  const OnnxGraph& graph_;
  std::map<std::string, const OnnxNode*> makers_;
};

}  // namespace vpinfer
