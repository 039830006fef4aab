// Operators that change what kind of numbers a tensor holds.

#include <algorithm>

#include "tensor/call.hpp"
#include "tensor/numbers.hpp"

namespace vpinfer {
namespace {

/// An integer as one of fewer bits holds it: without the upper ones.
std::int64_t narrowed(std::int64_t number, std::int64_t type) {
  // TensorProto.DataType of ONNX.
  switch (type) {
    case 2: return static_cast<std::uint8_t>(number);
    case 3: return static_cast<std::int8_t>(number);
    case 4: return static_cast<std::uint16_t>(number);
    case 5: return static_cast<std::int16_t>(number);
    case 6: return static_cast<std::int32_t>(number);
    case 12: return static_cast<std::uint32_t>(number);
    default: return number;
  }
}

template <typename To, typename Convert>
OnnxTensor converted_tensor(const OnnxTensor& from, const Convert& convert) {
  return std::visit(
      [&](const auto& numbers) {
        std::vector<To> values(numbers.size());
        std::transform(numbers.begin(), numbers.end(), values.begin(), convert);
        return OnnxTensor{from.dims, std::move(values)};
      },
      from.values);
}

OnnxTensor as_floats(const OnnxTensor& from) {
  return converted_tensor<float>(from, [](auto number) { return static_cast<float>(number); });
}

OnnxTensor cast(const OnnxCall& call) {
  const OnnxTensor& from = call.input(0);
  switch (read_cast(call.node)) {
    case OnnxNumberKind::kFloat: return as_floats(from);
    case OnnxNumberKind::kBool:
      return converted_tensor<std::int64_t>(from, [](auto number) { return number != 0; });
    case OnnxNumberKind::kInteger: break;
  }
  const std::int64_t type = call.node.integer("to", 0);
  OnnxTensor result = converted_tensor<std::int64_t>(
      from, [&](auto number) { return narrowed(converted<std::int64_t>(number), type); });
  result.type = read_integer_type(type);
  return result;
}

OnnxTensor cast_like(const OnnxCall& call) {
  if (!call.input(1).is_float()) call.node.unsupported("a cast to the integers of another tensor");
  return as_floats(call.input(0));
}

}  // namespace

std::vector<OnnxComputation> casting_operators() {
  return {{"Cast", one<cast>}, {"CastLike", one<cast_like>}};
}

}  // namespace vpinfer
