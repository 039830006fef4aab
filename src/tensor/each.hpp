#pragma once

#include <algorithm>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "tensor/call.hpp"

namespace vpinfer {

/// function(element) for each element of a tensor of floats or of integers.
template <typename Function>
OnnxTensor transformed(const OnnxTensor& tensor, const Function& function) {
  return std::visit(
      [&](const auto& numbers) {
        using Number = typename std::decay_t<decltype(numbers)>::value_type;
        std::vector<std::invoke_result_t<Function, Number>> values(numbers.size());
        std::transform(numbers.begin(), numbers.end(), values.begin(), function);
        return OnnxTensor{tensor.dims, std::move(values)};
      },
      tensor.values);
}

/// The same for the first input, which has to hold floats.
template <typename Function>
OnnxTensor transformed_floats(const OnnxCall& call, const Function& function) {
  std::vector<float> values = call.floats(0);
  std::transform(values.begin(), values.end(), values.begin(), function);
  return {call.input(0).dims, std::move(values)};
}

// The computations of operators without parameters.

template <auto kFunction>
OnnxTensor each(const OnnxCall& call) {
  return transformed(call.input(0), kFunction);
}

template <auto kFunction>
OnnxTensor each_float(const OnnxCall& call) {
  return transformed_floats(call, kFunction);
}

template <auto kFunction>
OnnxTensor each_integer(const OnnxCall& call) {
  std::vector<std::int64_t> values = call.integers(0);
  std::transform(values.begin(), values.end(), values.begin(), kFunction);
  return {call.input(0).dims, std::move(values)};
}

}  // namespace vpinfer
