// Operators that compute each element from those in the same place, with ONNX's broadcasting.

#include <algorithm>
#include <cmath>
#include <functional>

#include "tensor/picking.hpp"

namespace vpinfer {
namespace {

OnnxTensor cast(const OnnxCall& call) {
  const OnnxTensor& from = call.input(0);
  const OnnxNumberKind kind = read_cast(call.node);
  if (kind == OnnxNumberKind::kFloat) {
    if (from.is_float()) return from;
    return {from.dims, std::vector<float>(from.integers().begin(), from.integers().end())};
  }
  std::vector<std::int64_t> values;
  std::visit(
      [&](const auto& numbers) {
        for (const auto number : numbers) {
          const bool fits = std::abs(static_cast<double>(number)) < 9e18;
          if (kind == OnnxNumberKind::kInteger && !fits) {
            call.node.refuse("a number does not fit an integer");
          }
          values.push_back(kind == OnnxNumberKind::kBool ? number != 0
                                                         : static_cast<std::int64_t>(number));
        }
      },
      from.values);
  return {from.dims, std::move(values)};
}

/// Broadcasts two tensors and combines their elements.
template <typename Function>
OnnxTensor combine(const OnnxCall& call, const Function& function) {
  const OnnxTensor& a = call.input(0);
  const OnnxTensor& b = call.input(1);
  if (a.is_float() != b.is_float()) call.node.refuse("its inputs have different types");
  const std::size_t rank = std::max(a.dims.size(), b.dims.size());
  const auto aligned = [&](const OnnxDims& dims) {
    OnnxDims result(rank - dims.size(), 1);
    result.insert(result.end(), dims.begin(), dims.end());
    return result;
  };
  const OnnxDims of_a = aligned(a.dims);
  const OnnxDims of_b = aligned(b.dims);
  OnnxDims dims;
  for (std::size_t i = 0; i < rank; ++i) {
    if (of_a[i] != of_b[i] && of_a[i] != 1 && of_b[i] != 1) {
      call.node.refuse("cannot combine " + to_string(a.dims) + " and " + to_string(b.dims));
    }
    dims.push_back(of_a[i] == 1 ? of_b[i] : of_a[i]);
  }
  const auto spread = [&](const OnnxTensor& tensor, const OnnxDims& from) {
    std::vector<OnnxPlaces> places = places_of(from);
    for (std::size_t i = 0; i < rank; ++i) {
      if (from[i] != dims[i]) places[i] = spaced(dims[i], 0);
    }
    return pick(call, tensor, std::move(places));
  };
  OnnxTensor result = spread(a, of_a);
  const OnnxTensor other = spread(b, of_b);
  if (result.is_float()) {
    std::vector<float> values = result.floats();
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = function(values[i], other.floats()[i]);
    result.values = std::move(values);
  } else {
    std::vector<std::int64_t> values = result.integers();
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = function(values[i], other.integers()[i]);
    }
    result.values = std::move(values);
  }
  return result;
}

// Sums and products of integers wrap around, as two's complement does.
template <typename Number, typename Operation>
Number wrapped(Number a, Number b, Operation operation) {
  if constexpr (std::is_integral_v<Number>) {
    return static_cast<Number>(
        operation(static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(b)));
  } else {
    return operation(a, b);
  }
}

OnnxTensor add(const OnnxCall& call) {
  return combine(call, [](auto a, auto b) { return wrapped(a, b, std::plus<>()); });
}
OnnxTensor subtract(const OnnxCall& call) {
  return combine(call, [](auto a, auto b) { return wrapped(a, b, std::minus<>()); });
}
OnnxTensor multiply(const OnnxCall& call) {
  return combine(call, [](auto a, auto b) { return wrapped(a, b, std::multiplies<>()); });
}
OnnxTensor divide(const OnnxCall& call) {
  const auto quotient = [&](auto a, auto b) {
    if constexpr (std::is_integral_v<decltype(a)>) {
      if (b == 0) call.node.refuse("divides by zero");
      return b == -1 ? wrapped(decltype(a){0}, a, std::minus<>()) : a / b;
    } else {
      return a / b;
    }
  };
  return combine(call, quotient);
}

template <float (*kFunction)(float)>
OnnxTensor each_float(const OnnxCall& call) {
  if (!call.input(0).is_float()) call.node.refuse("its input must hold floats");
  std::vector<float> values = call.input(0).floats();
  std::transform(values.begin(), values.end(), values.begin(), kFunction);
  return {call.input(0).dims, std::move(values)};
}
float floor_of(float x) {
  return std::floor(x);
}
float ceil_of(float x) {
  return std::ceil(x);
}
float root_of(float x) {
  return std::sqrt(x);
}
float negated(float x) {
  return -x;
}

}  // namespace

std::vector<OnnxComputation> elementwise_operators() {
  return {{"Cast", one<cast>},
          {"Add", one<add>},
          {"Sub", one<subtract>},
          {"Mul", one<multiply>},
          {"Div", one<divide>},
          {"Floor", one<each_float<floor_of>>},
          {"Ceil", one<each_float<ceil_of>>},
          {"Sqrt", one<each_float<root_of>>},
          {"Neg", one<each_float<negated>>}};
}

}  // namespace vpinfer
