#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tensor/node.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {

/// What is right but not supported.
class Unsupported : public BadInput {
  using BadInput::BadInput;
};

/// One node of a graph with the file that it stands in: reads attributes, words complaints.
class OnnxNodeReader {
 public:
  /// The node must outlive the reader.
  OnnxNodeReader(const OnnxNode& node, std::string file, std::int64_t opset)
      : node_(node), file_(std::move(file)), opset_(opset) {}

  [[nodiscard]] const OnnxNode& node() const { return node_; }
  [[nodiscard]] std::int64_t opset() const { return opset_; }
  /// For example `model.onnx: node 'conv1' (Conv)`, the beginning of every message.
  [[nodiscard]] std::string where() const;
  /// Throw BadInput: what is wrong, or, as Unsupported, what would have to be supported.
  [[noreturn]] void refuse(const std::string& why) const;
  [[noreturn]] void unsupported(const std::string& what) const;

  [[nodiscard]] bool has_input(std::size_t index) const;
  /// The name of an input.  Throws BadInput if there is none.
  [[nodiscard]] const std::string& input(std::size_t index) const;
  [[nodiscard]] bool has_output(std::size_t index) const;

  [[nodiscard]] bool has_attribute(const std::string& name) const;
  /// Attributes with what they are if the node does not say.  Throw BadInput for another type.
  [[nodiscard]] std::int64_t integer(const std::string& name, std::int64_t fallback) const;
  [[nodiscard]] bool flag(const std::string& name, bool fallback = false) const;
  [[nodiscard]] float number(const std::string& name, float fallback) const;
  [[nodiscard]] std::string text(const std::string& name, const std::string& fallback) const;
  [[nodiscard]] std::vector<std::int64_t> integers(const std::string& name,
                                                   std::vector<std::int64_t> fallback) const;
  [[nodiscard]] std::vector<float> numbers(const std::string& name,
                                           std::vector<float> fallback) const;

  /// An axis from -rank to rank - 1, counted from the front.  Throws BadInput.
  [[nodiscard]] std::size_t axis(std::int64_t axis, std::size_t rank) const;
  /// A number with infinity taken for the largest float, as models store no other.  Throws BadInput
  /// for NaN.
  [[nodiscard]] float finite(float number) const;
  /// A number that fits an int.  Throws BadInput.
  [[nodiscard]] int small(std::int64_t number) const;

 private:
  template <typename Value>
  [[nodiscard]] Value attribute(const std::string& name, Value fallback) const;

  const OnnxNode& node_;
  std::string file_;
  std::int64_t opset_;
};

/// What Cast makes of numbers.
enum class OnnxNumberKind { kFloat, kInteger, kBool };

/// By an attribute that names a type.  Throws BadInput for those that are not supported.
[[nodiscard]] OnnxNumberKind read_number_kind(const OnnxNodeReader& node, const std::string& name);
[[nodiscard]] OnnxNumberKind read_cast(const OnnxNodeReader& node);

/// Extents as `1x3x224x224`; an open one is `?`.
[[nodiscard]] std::string to_string(const std::vector<std::int64_t>& dims);

/// The product of extents, which are not negative; 2^62 if it is more.
[[nodiscard]] std::int64_t count_elements(const std::vector<std::int64_t>& dims);

}  // namespace vpinfer
