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

/// Types of whole numbers that quantised values may have.
enum class OnnxIntegerType { kAny, kInt8, kUint8, kInt16, kUint16 };

/// By the number that ONNX names a type with; kAny for others.
inline OnnxIntegerType read_integer_type(std::int64_t type) {
  switch (type) {
    case 2: return OnnxIntegerType::kUint8;
    case 3: return OnnxIntegerType::kInt8;
    case 4: return OnnxIntegerType::kUint16;
    case 5: return OnnxIntegerType::kInt16;
    default: return OnnxIntegerType::kAny;
  }
}

/// Numbers of any of ONNX's float types become floats, those of its integer and boolean types
/// integers.  Row-major; as many as the extents say.
struct OnnxTensor {
  OnnxDims dims;
  std::variant<std::vector<float>, std::vector<std::int64_t>> values;
  /// What a file said of constants; kAny if it is another type, or not known.  The type of a zero
  /// point is that of what is quantised with it.
  OnnxIntegerType type = OnnxIntegerType::kAny;

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
  std::map<std::string, std::shared_ptr<const OnnxGraph>>
      graphs{};  ///< attributes, as branches are
  bool operator==(const OnnxNode&) const = default;
};

}  // namespace vpinfer
