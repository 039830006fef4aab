#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "tensor/node_reader.hpp"

namespace vpinfer {

/// Whether `evaluate` knows an operator.
[[nodiscard]] bool can_evaluate(std::string_view op);

/// Computes the results of a node, as ONNX defines its operator, without any hurry: for constants
/// at import and for islands, the parts of a network that are no picture.  Inputs that are left out
/// are null.  Throws BadInput, in the node's name, if it cannot be computed.
[[nodiscard]] std::vector<OnnxTensor> evaluate(const OnnxNodeReader& node,
                                               const std::vector<const OnnxTensor*>& inputs);

/// Whether the values of an input, and not only its extents, decide how large the results are.
[[nodiscard]] bool decides_sizes(std::string_view op, std::size_t input);

/// The operators that `evaluate` knows.
[[nodiscard]] std::vector<std::string_view> evaluated_operators();

}  // namespace vpinfer
