// Operators that keep all elements in their order.

#include "tensor/picking.hpp"

namespace vpinfer {
namespace {

OnnxTensor identity(const OnnxCall& call) {
  return call.input(0);
}

/// As in inference; the second result says which elements are kept: all.
std::vector<OnnxTensor> dropout(const OnnxCall& call) {
  const OnnxTensor& data = call.input(0);
  const bool training = call.has(2) && !call.integers(2).empty() && call.integers(2).front() != 0;
  const bool drops =
      !call.has(1) || !call.input(1).is_float() || call.input(1).floats() != std::vector<float>{0};
  if (training && drops) call.node.unsupported("training");
  const auto count = static_cast<std::size_t>(count_elements(data.dims));
  OnnxTensor kept{data.dims, std::vector<std::int64_t>(count, 1)};
  if (call.node.opset() < 10) kept.values = std::vector<float>(count, 1);
  return {data, std::move(kept)};
}

OnnxTensor reshape(const OnnxCall& call) {
  return reshaped(call.input(0), reshape_dims(call.node, call.input(0).dims, call.integers(1)));
}

OnnxTensor flatten(const OnnxCall& call) {
  return reshaped(call.input(0), flatten_dims(call.node, call.input(0).dims));
}

OnnxTensor squeeze(const OnnxCall& call) {
  return reshaped(call.input(0), squeeze_dims(call.node, call.input(0).dims, call.axes(1)));
}

OnnxTensor unsqueeze(const OnnxCall& call) {
  return reshaped(call.input(0), unsqueeze_dims(call.node, call.input(0).dims, call.axes(1)));
}

}  // namespace

std::vector<OnnxComputation> reshaping_operators() {
  return {{"Identity", one<identity>},         {"Dropout", dropout},
          {"Reshape", one<reshape>, 1U << 1U}, {"Flatten", one<flatten>},
          {"Squeeze", one<squeeze>, 1U << 1U}, {"Unsqueeze", one<unsqueeze>, 1U << 1U}};
}

}  // namespace vpinfer
