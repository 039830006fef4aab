// Operators that combine the elements in the same place of tensors, with ONNX's broadcasting.

#include <functional>

#include "tensor/broadcast.hpp"
#include "tensor/numbers.hpp"

namespace vpinfer {
namespace {

template <auto kFunction>
OnnxTensor combined(const OnnxCall& call) {
  return combine(call, call.input(0), call.input(1), kFunction);
}

/// All inputs, of which there may be any number.
template <auto kFunction>
OnnxTensor combined_all(const OnnxCall& call) {
  OnnxTensor result = call.input(0);
  for (std::size_t i = 1; i < call.inputs.size(); ++i) {
    result = combine(call, result, call.input(i), kFunction);
  }
  return result;
}

constexpr auto kSum = [](auto a, auto b) { return wrapped(a, b, std::plus<>()); };
constexpr auto kDifference = [](auto a, auto b) { return wrapped(a, b, std::minus<>()); };
constexpr auto kProduct = [](auto a, auto b) { return wrapped(a, b, std::multiplies<>()); };

/// Integers are cut off at their point.  ONNX leaves open what x / 0 is for them: here 0.
constexpr auto kQuotient = [](auto a, auto b) {
  if constexpr (std::is_integral_v<decltype(a)>) {
    if (b == 0) return decltype(a){0};
    if (b == -1) return wrapped(decltype(a){0}, a, std::minus<>());
  }
  return a / b;
};

OnnxTensor mean_of_inputs(const OnnxCall& call) {
  const OnnxTensor sum = combined_all<kSum>(call);
  const OnnxTensor count{{}, std::vector<float>{static_cast<float>(call.inputs.size())}};
  return combine(call, sum, count, kQuotient);
}

/// What is left of a division: with the sign of the dividend as in C or, as in Python, of the
/// divisor.
OnnxTensor modulo(const OnnxCall& call) {
  const bool as_in_c = call.node.flag("fmod");
  const auto rest = [&](auto a, auto b) {
    using Number = decltype(a);
    Number left{};
    if constexpr (std::is_integral_v<Number>) {
      left = b == 0 || b == -1 ? 0 : a % b;
    } else {
      left = std::fmod(a, b);
    }
    const bool differs = (left < 0 && b > 0) || (left > 0 && b < 0);
    return differs && !as_in_c ? left + b : left;
  };
  return combine(call, call.input(0), call.input(1), rest);
}

std::int64_t integer_power(std::int64_t base, std::int64_t exponent) {
  if (exponent < 0) return base == 1 || base == -1 ? integer_power(base, -(exponent % 2)) : 0;
  std::uint64_t result = 1;
  for (auto factor = static_cast<std::uint64_t>(base); exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) result *= factor;
    factor *= factor;
  }
  return static_cast<std::int64_t>(result);
}

/// The result is of the base's kind, whatever the exponent's.
OnnxTensor power(const OnnxCall& call) {
  const OnnxTensor& base = call.input(0);
  const OnnxTensor& exponent = call.input(1);
  const OnnxDims dims = broadcast_dims(call, base.dims, exponent.dims);
  const auto raise = [](auto a, auto b) {
    using Number = decltype(a);
    if constexpr (std::is_integral_v<Number> && std::is_integral_v<decltype(b)>) {
      return integer_power(a, b);
    } else if constexpr (std::is_same_v<Number, decltype(b)>) {
      return std::pow(a, b);
    } else {
      return converted<Number>(std::pow(static_cast<double>(a), static_cast<double>(b)));
    }
  };
  return std::visit(
      [&](const auto& a, const auto& b) {
        return OnnxTensor{dims, combine_values(dims, base.dims, a, exponent.dims, b, raise)};
      },
      base.values, exponent.values);
}

/// By at most 63 bits; all others give 0.
template <auto kShift>
std::int64_t shifted_bits(std::int64_t number, std::int64_t bits) {
  if (bits < 0 || bits > 63) return 0;
  return static_cast<std::int64_t>(kShift(static_cast<std::uint64_t>(number), bits));
}

/// Whether something holds, as 0 or 1.
template <auto kHolds>
OnnxTensor compared(const OnnxCall& call) {
  return combine(call, call.input(0), call.input(1),
                 [](auto a, auto b) { return std::int64_t{kHolds(a, b)}; });
}

template <auto kFunction>
OnnxTensor combined_integers(const OnnxCall& call) {
  const OnnxDims dims = broadcast_dims(call, call.input(0).dims, call.input(1).dims);
  const auto function = [](std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(kFunction(a, b));
  };
  return {dims, combine_values(dims, call.input(0).dims, call.integers(0), call.input(1).dims,
                               call.integers(1), function)};
}

OnnxTensor shift_bits(const OnnxCall& call) {
  const std::string direction = call.node.text("direction", "");
  if (direction == "LEFT") {
    return combined_integers<shifted_bits<[](auto a, auto bits) { return a << bits; }>>(call);
  }
  if (direction == "RIGHT") {
    return combined_integers<
        shifted_bits<[](auto a, auto bits) { return a / (decltype(a){1} << bits); }>>(call);
  }
  call.node.refuse("its attribute 'direction' must be LEFT or RIGHT");
}

OnnxTensor choose_where(const OnnxCall& call) {
  const OnnxTensor& yes = call.input(1);
  const OnnxTensor& no = call.input(2);
  if (yes.is_float() != no.is_float()) call.node.refuse("its inputs have different types");
  const OnnxDims dims =
      broadcast_dims(call, call.input(0).dims, broadcast_dims(call, yes.dims, no.dims));
  const std::vector<std::int64_t>& condition = call.integers(0);
  return std::visit(
      [&](const auto& chosen) {
        using Values = std::decay_t<decltype(chosen)>;
        const auto& other = std::get<Values>(no.values);
        Values values(static_cast<std::size_t>(count_elements(dims)));
        const std::array<OnnxDims, 3> parts{call.input(0).dims, yes.dims, no.dims};
        for_each_run<3>(dims, parts, [&](const Run<3>& run) {
          for (std::size_t i = 0; i < run.count; ++i) {
            values[run.begin + i] =
                condition[run.place(0, i)] != 0 ? chosen[run.place(1, i)] : other[run.place(2, i)];
          }
        });
        return OnnxTensor{dims, std::move(values)};
      },
      yes.values);
}

OnnxTensor parametric_relu(const OnnxCall& call) {
  OnnxTensor result = combine(call, call.input(0), call.input(1), [](auto x, auto slope) {
    return x < 0 ? wrapped(x, slope, std::multiplies<>()) : x;
  });
  if (result.dims != call.input(0).dims) {
    call.node.refuse("its slopes do not fit " + to_string(call.input(0).dims));
  }
  return result;
}

}  // namespace

std::vector<OnnxComputation> elementwise_operators() {
  return {{"Add", one<combined<kSum>>},
          {"Sub", one<combined<kDifference>>},
          {"Mul", one<combined<kProduct>>},
          {"Div", one<combined<kQuotient>>},
          {"Mod", one<modulo>},
          {"Pow", one<power>},
          {"Sum", one<combined_all<kSum>>},
          {"Mean", one<mean_of_inputs>},
          {"Max", one<combined_all<[](auto a, auto b) { return larger(a, b); }>>},
          {"Min", one<combined_all<[](auto a, auto b) { return smaller(a, b); }>>},
          {"PRelu", one<parametric_relu>},
          {"BitShift", one<shift_bits>},
          {"BitwiseAnd", one<combined_integers<std::bit_and<>{}>>},
          {"BitwiseOr", one<combined_integers<std::bit_or<>{}>>},
          {"BitwiseXor", one<combined_integers<std::bit_xor<>{}>>},
          {"And", one<combined_integers<std::logical_and<>{}>>},
          {"Or", one<combined_integers<std::logical_or<>{}>>},
          {"Xor", one<combined_integers<[](auto a, auto b) { return (a != 0) != (b != 0); }>>},
          {"Equal", one<compared<std::equal_to<>{}>>},
          {"Greater", one<compared<std::greater<>{}>>},
          {"GreaterOrEqual", one<compared<std::greater_equal<>{}>>},
          {"Less", one<compared<std::less<>{}>>},
          {"LessOrEqual", one<compared<std::less_equal<>{}>>},
          {"Where", one<choose_where>}};
}

}  // namespace vpinfer
