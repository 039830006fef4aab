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
  bool is_byte = false;                           ///< unsigned, of 8 bits
};

/// A model's graph, or one that a node has as its attribute: that has no producer, operator set or
/// metadata of its own, and its nodes also read what is made outside of it.
struct OnnxGraph {
  std::string producer;
  std::int64_t opset = 0;  ///< of ONNX's own operators; 0 if the file imports none
  std::vector<OnnxNode> nodes;
  std::map<std::string, OnnxTensor> initializers;
  std::vector<OnnxValueInfo> inputs;
  std::vector<OnnxValueInfo> outputs;
  std::vector<OnnxValueInfo> values;              ///< declared types of values in between
  std::map<std::string, std::string> metadata{};  ///< what the exporter notes: names, stride, task
};

}  // namespace vpinfer
