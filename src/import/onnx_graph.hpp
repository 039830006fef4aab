#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace vpinfer {

// An ONNX file as plain data, without its protobuf classes: what `import` works on.

/// Numbers of any of ONNX's float types become floats, those of its integer and boolean types
/// integers.  Row-major; as many as the extents say.
struct OnnxTensor {
  std::vector<std::int64_t> dims;
  std::variant<std::vector<float>, std::vector<std::int64_t>> values;

  [[nodiscard]] bool is_float() const { return values.index() == 0; }
  [[nodiscard]] const std::vector<float>& floats() const { return std::get<0>(values); }
  [[nodiscard]] const std::vector<std::int64_t>& integers() const { return std::get<1>(values); }
  bool operator==(const OnnxTensor&) const = default;
};

using OnnxAttribute = std::variant<float, std::int64_t, std::string, std::vector<float>,
                                   std::vector<std::int64_t>, OnnxTensor>;

struct OnnxNode {
  std::string op;
  std::string domain;                ///< empty for ONNX's own operators
  std::string name;                  ///< may be empty
  std::vector<std::string> inputs;   ///< names of values; empty where an optional one is left out
  std::vector<std::string> outputs;  ///< the same
  std::map<std::string, OnnxAttribute> attributes;
  std::vector<std::string> unreadable;  ///< attributes of other types, such as graphs
};

/// The declared type of a value.
struct OnnxValueInfo {
  std::string name;
  bool is_float = true;
  std::optional<std::vector<std::int64_t>> dims;  ///< -1 for an open or symbolic extent
};

struct OnnxGraph {
  std::string producer;
  std::int64_t opset = 0;  ///< of ONNX's own operators; 0 if the file imports none
  std::vector<OnnxNode> nodes;
  std::map<std::string, OnnxTensor> initializers;
  std::vector<OnnxValueInfo> inputs;
  std::vector<OnnxValueInfo> outputs;
  std::vector<OnnxValueInfo> values;  ///< declared types of values in between
};

}  // namespace vpinfer
