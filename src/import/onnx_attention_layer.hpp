#pragma once

#include <optional>

#include "import/onnx_attention.hpp"
#include "import/onnx_builder.hpp"

namespace vpinfer {

/// The result of an attention as a layer, and which node makes it.
struct AttentionResult {
  const OnnxNode* last = nullptr;  ///< the product, or one of those after it
  FeatureMap map;
};

/// Adds the layer if every operand holds the heads of one tensor, as a layer reads them: found by
/// what the nodes before do to the places of its elements.  Empty if not, or if constants that
/// these nodes need are not known.
[[nodiscard]] std::optional<AttentionResult> add_attention(OnnxBuilder& builder,
                                                           const OnnxAttention& attention,
                                                           const OnnxReaders& readers,
                                                           const std::string& where,
                                                           std::int64_t opset);

/// The picture that a node beside an attention moves of the same tensor, as some of its channels:
/// layers.  Empty if it is none.
[[nodiscard]] std::optional<FeatureMap> add_channels(OnnxBuilder& builder,
                                                     const OnnxAttention& attention,
                                                     const OnnxReaders& readers,
                                                     const OnnxNode& node, const std::string& where,
                                                     std::int64_t opset);

}  // namespace vpinfer
