#pragma once

#include <string>

namespace vpinfer {

/// What `import` understands, from its own tables: Darknet's layers, ONNX's operators, heads.
[[nodiscard]] std::string describe_supported_layers();

}  // namespace vpinfer
