#include "tensor/node_reader.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace vpinfer {

std::string OnnxNodeReader::where() const {
  std::string label = node_.name;
  if (label.empty() && !node_.outputs.empty()) label = node_.outputs.front();
  return file_ + ": node '" + label + "' (" + node_.op + ")";
}

void OnnxNodeReader::refuse(const std::string& why) const {
  throw BadInput(where() + ": " + why);
}

void OnnxNodeReader::unsupported(const std::string& what) const {
  throw Unsupported(where() + ": " + what + " is not supported");
}

bool OnnxNodeReader::has_input(std::size_t index) const {
  return index < node_.inputs.size() && !node_.inputs[index].empty();
}

const std::string& OnnxNodeReader::input(std::size_t index) const {
  if (!has_input(index)) refuse("its input number " + std::to_string(index + 1) + " is missing");
  return node_.inputs[index];
}

bool OnnxNodeReader::has_output(std::size_t index) const {
  return index < node_.outputs.size() && !node_.outputs[index].empty();
}

bool OnnxNodeReader::has_attribute(const std::string& name) const {
  return node_.attributes.contains(name);
}

template <typename Value>
Value OnnxNodeReader::attribute(const std::string& name, Value fallback) const {
  const auto found = node_.attributes.find(name);
  if (found == node_.attributes.end()) return fallback;
  const auto* value = std::get_if<Value>(&found->second);
  if (value == nullptr) refuse("its attribute '" + name + "' has the wrong type");
  return *value;
}

std::int64_t OnnxNodeReader::integer(const std::string& name, std::int64_t fallback) const {
  return attribute(name, fallback);
}

bool OnnxNodeReader::flag(const std::string& name, bool fallback) const {
  return integer(name, fallback ? 1 : 0) != 0;
}

float OnnxNodeReader::number(const std::string& name, float fallback) const {
  return finite(attribute(name, fallback));
}

std::string OnnxNodeReader::text(const std::string& name, const std::string& fallback) const {
  return attribute(name, fallback);
}

std::vector<std::int64_t> OnnxNodeReader::integers(const std::string& name,
                                                   std::vector<std::int64_t> fallback) const {
  return attribute(name, std::move(fallback));
}

std::vector<float> OnnxNodeReader::numbers(const std::string& name,
                                           std::vector<float> fallback) const {
  return attribute(name, std::move(fallback));
}

std::size_t OnnxNodeReader::axis(std::int64_t axis, std::size_t rank) const {
  const auto extent = static_cast<std::int64_t>(rank);
  if (axis < -extent || axis >= extent) {
    refuse("axis " + std::to_string(axis) + " does not exist in a tensor of rank " +
           std::to_string(rank));
  }
  return static_cast<std::size_t>(axis < 0 ? axis + extent : axis);
}

float OnnxNodeReader::finite(float number) const {
  if (std::isnan(number)) refuse("a parameter of it is no number");
  constexpr float kLargest = std::numeric_limits<float>::max();
  return std::clamp(number, -kLargest, kLargest);
}

int OnnxNodeReader::small(std::int64_t number) const {
  if (number < std::numeric_limits<int>::min() || number > std::numeric_limits<int>::max()) {
    refuse("the number " + std::to_string(number) + " is too large");
  }
  return static_cast<int>(number);
}

OnnxNumberKind read_cast(const OnnxNodeReader& node) {
  return read_number_kind(node, "to");
}

OnnxNumberKind read_number_kind(const OnnxNodeReader& node, const std::string& name) {
  // TensorProto.DataType of ONNX.
  switch (const std::int64_t type = node.integer(name, 0)) {
    case 1:   // float
    case 10:  // float16
    case 11:  // double
    case 16:  // bfloat16
      return OnnxNumberKind::kFloat;
    case 2:   // uint8
    case 3:   // int8
    case 4:   // uint16
    case 5:   // int16
    case 6:   // int32
    case 7:   // int64
    case 12:  // uint32
    case 13:  // uint64
      return OnnxNumberKind::kInteger;
    case 9: return OnnxNumberKind::kBool;
    default: node.unsupported("the type " + std::to_string(type));
  }
}

std::string to_string(const std::vector<std::int64_t>& dims) {
  if (dims.empty()) return "a scalar";
  std::string text;
  for (const std::int64_t extent : dims) {
    text += text.empty() ? "" : "x";
    text += extent < 0 ? "?" : std::to_string(extent);
  }
  return text;
}

std::int64_t count_elements(const std::vector<std::int64_t>& dims) {
  if (std::find(dims.begin(), dims.end(), 0) != dims.end()) return 0;
  constexpr std::int64_t kMost = std::int64_t{1} << 62U;
  std::int64_t count = 1;
  for (const std::int64_t extent : dims) count = count > kMost / extent ? kMost : count * extent;
  return count;
}

}  // namespace vpinfer
