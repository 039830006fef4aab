#pragma once

#include <cstdint>
#include <string>

#include "import/onnx_builder.hpp"
#include "import/onnx_graph.hpp"

namespace vpinfer {

/// Translates the nodes of a graph, one after the other.
class OnnxNodeTranslator {
 public:
  /// Graph and builder must outlive the translator.
  OnnxNodeTranslator(const OnnxGraph& graph, OnnxBuilder& builder, std::string where);

  /// Defines what a node makes: constants are computed, branches that are known are entered, what
  /// no layer on pictures expresses becomes an island.  Throws BadInput, in the node's name.
  void translate(const OnnxNode& node);

 private:
  void translate_or_add_islands(const OnnxNodeReader& reader);
  [[nodiscard]] bool fold(const OnnxNodeReader& reader);
  void enter_branch(const OnnxNodeReader& reader);
  [[nodiscard]] const OnnxGraph& chosen_branch(const OnnxNodeReader& reader) const;

  OnnxBuilder& builder_;
  std::string where_;
  std::int64_t opset_;
  std::int64_t may_fold_;  ///< numbers that constants may still grow to
};

/// The operators that are layers.
[[nodiscard]] const std::vector<OnnxOperator>& onnx_layer_operators();

}  // namespace vpinfer
