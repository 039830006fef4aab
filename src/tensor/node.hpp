#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace vpinfer {

// What ONNX's operators are and work on, as plain data, without its protobuf classes.

/// Extents, or a place in a tensor; slowest axis first.
using OnnxDims = std::vector<std::int64_t>;

/// Numbers of any of ONNX's float types become floats, those of its integer and boolean types
/// integers.  Row-major; as many as the extents say.
struct OnnxTensor {
  OnnxDims dims;
  std::variant<std::vector<float>, std::vector<std::int64_t>> values;

  [[nodiscard]] bool is_float() const { return values.index() == 0; }
  [[nodiscard]] const std::vector<float>& floats() const { return std::get<0>(values); }
  [[nodiscard]] const std::vector<std::int64_t>& integers() const { return std::get<1>(values); }
  bool operator==(const OnnxTensor&) const = default;
};

using OnnxAttribute = std::variant<float, std::int64_t, std::string, std::vector<float>,
                                   std::vector<std::int64_t>, OnnxTensor>;

struct OnnxGraph;

struct OnnxNode {
  std::string op;
  std::string domain;                ///< empty for ONNX's own operators
  std::string name;                  ///< may be empty
  std::vector<std::string> inputs;   ///< names of values; empty where an optional one is left out
  std::vector<std::string> outputs;  ///< the same
  std::map<std::string, OnnxAttribute> attributes;
  std::vector<std::string> unreadable;  ///< attributes of other types
  std::map<std::string, std::shared_ptr<const OnnxGraph>> graphs{};  ///< attributes, as branches are
  bool operator==(const OnnxNode&) const = default;
};

}  // namespace vpinfer
