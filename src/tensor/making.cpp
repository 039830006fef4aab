// Operators that make tensors from attributes and extents.

#include "tensor/call.hpp"

namespace vpinfer {
namespace {

OnnxTensor shape_of(const OnnxCall& call) {
  OnnxDims dims = shape_dims(call.node, call.input(0).dims);
  return {{static_cast<std::int64_t>(dims.size())}, std::move(dims)};
}

OnnxTensor constant_of_shape(const OnnxCall& call) {
  const OnnxDims& dims = call.integers(0);
  check_size(call, dims);
  const auto count = static_cast<std::size_t>(count_elements(dims));
  const auto value = call.node.node().attributes.find("value");
  if (value == call.node.node().attributes.end()) return {dims, std::vector<float>(count, 0)};
  const auto* tensor = std::get_if<OnnxTensor>(&value->second);
  if (tensor == nullptr || count_elements(tensor->dims) != 1) {
    call.node.refuse("its attribute 'value' must be a tensor with one element");
  }
  if (tensor->is_float()) return {dims, std::vector<float>(count, tensor->floats().front())};
  return {dims, std::vector<std::int64_t>(count, tensor->integers().front())};
}

OnnxTensor constant(const OnnxCall& call) {
  const auto& attributes = call.node.node().attributes;
  for (const auto& [name, value] : attributes) {
    if (name == "value") {
      if (const auto* tensor = std::get_if<OnnxTensor>(&value)) return *tensor;
    } else if (name == "value_float") {
      return {{}, std::vector<float>{call.node.number(name, 0)}};
    } else if (name == "value_int") {
      return {{}, std::vector<std::int64_t>{call.node.integer(name, 0)}};
    } else if (name == "value_floats") {
      const std::vector<float> values = call.node.numbers(name, {});
      return {{static_cast<std::int64_t>(values.size())}, values};
    } else if (name == "value_ints") {
      const std::vector<std::int64_t> values = call.node.integers(name, {});
      return {{static_cast<std::int64_t>(values.size())}, values};
    }
  }
  call.node.unsupported("a constant other than numbers");
}

}  // namespace

std::vector<OnnxComputation> making_operators() {
  return {{"Constant", one<constant>},
          {"ConstantOfShape", one<constant_of_shape>, 1U << 0U},
          {"Shape", one<shape_of>}};
}

}  // namespace vpinfer
