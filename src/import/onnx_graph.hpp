#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tensor/node.hpp"

namespace vpinfer {

// An ONNX file as plain data, without its protobuf classes: what `import` works on.

/// The declared type of a value.
struct OnnxValueInfo {
  std::string name;
  bool is_float = true;
  std::optional<std::vector<std::int64_t>> dims;  ///< -1 for an open or symbolic extent
};

struct OnnxGraph {
  std::string producer;
  std::map<std::string, std::string> metadata;  ///< what an exporter notes: names, stride, task
  std::int64_t opset = 0;  ///< of ONNX's own operators; 0 if the file imports none
  std::vector<OnnxNode> nodes;
  std::map<std::string, OnnxTensor> initializers;
  std::vector<OnnxValueInfo> inputs;
  std::vector<OnnxValueInfo> outputs;
  std::vector<OnnxValueInfo> values;  ///< declared types of values in between
};

}  // namespace vpinfer
