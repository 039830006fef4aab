// Functions of single elements.

#include <functional>

#include "tensor/each.hpp"
#include "tensor/numbers.hpp"

namespace vpinfer {
namespace {

constexpr auto kNegative = [](auto x) { return wrapped(decltype(x){0}, x, std::minus<>()); };

constexpr auto kSignOf = [](auto x) {
  using Number = decltype(x);
  return x > 0 ? Number{1} : x < 0 ? Number{-1} : x;
};

OnnxTensor is_infinite(const OnnxCall& call) {
  const bool negative = call.node.flag("detect_negative", true);
  const bool positive = call.node.flag("detect_positive", true);
  return transformed(call.input(0), [&](auto x) -> std::int64_t {
    return std::is_floating_point_v<decltype(x)> && std::isinf(static_cast<double>(x)) &&
           (x < 0 ? negative : positive);
  });
}

}  // namespace

std::vector<OnnxComputation> rounding_operators() {
  return {{"Abs", one<each<[](auto x) { return x < 0 ? kNegative(x) : x; }>>},
          {"Neg", one<each<[](auto x) { return -x; }>>},
          {"Sign", one<each<kSignOf>>},
          {"Ceil", one<each_float<[](float x) { return std::ceil(x); }>>},
          {"Floor", one<each_float<[](float x) { return std::floor(x); }>>},
          {"Round", one<each_float<[](float x) { return std::nearbyint(x); }>>},
          {"Not", one<each_integer<[](std::int64_t x) { return x == 0; }>>},
          {"BitwiseNot", one<each_integer<[](std::int64_t x) { return ~x; }>>},
          {"IsInf", one<is_infinite>},
          {"IsNaN", one<each<[](auto x) -> std::int64_t { return is_nan(x); }>>}};
}

std::vector<OnnxComputation> function_operators() {
  return {{"Acos", one<each_float<[](float x) { return std::acos(x); }>>},
          {"Acosh", one<each_float<[](float x) { return std::acosh(x); }>>},
          {"Asin", one<each_float<[](float x) { return std::asin(x); }>>},
          {"Asinh", one<each_float<[](float x) { return std::asinh(x); }>>},
          {"Atan", one<each_float<[](float x) { return std::atan(x); }>>},
          {"Atanh", one<each_float<[](float x) { return std::atanh(x); }>>},
          {"Cos", one<each_float<[](float x) { return std::cos(x); }>>},
          {"Cosh", one<each_float<[](float x) { return std::cosh(x); }>>},
          {"Erf", one<each_float<[](float x) { return std::erf(x); }>>},
          {"Exp", one<each_float<[](float x) { return std::exp(x); }>>},
          {"Log", one<each_float<[](float x) { return std::log(x); }>>},
          {"Reciprocal", one<each_float<[](float x) { return 1 / x; }>>},
          {"Sin", one<each_float<[](float x) { return std::sin(x); }>>},
          {"Sinh", one<each_float<[](float x) { return std::sinh(x); }>>},
          {"Sqrt", one<each_float<[](float x) { return std::sqrt(x); }>>},
          {"Tan", one<each_float<[](float x) { return std::tan(x); }>>},
          {"Tanh", one<each_float<[](float x) { return std::tanh(x); }>>}};
}

}  // namespace vpinfer
