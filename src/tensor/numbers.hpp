#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace vpinfer {

/// What sums of these numbers are computed in.
template <typename Number>
using Accumulator = std::conditional_t<std::is_integral_v<Number>, std::int64_t, double>;

/// Sums, differences and products, where those of integers wrap around as two's complement does.
template <typename Number, typename Operation>
Number wrapped(Number a, Number b, Operation operation) {
  if constexpr (std::is_integral_v<Number>) {
    return static_cast<Number>(
        operation(static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(b)));
  } else {
    return operation(a, b);
  }
}

template <typename Number>
bool is_nan(Number number) {
  if constexpr (std::is_floating_point_v<Number>) return std::isnan(number);
  return false;
}

/// The lowest and the highest number that there is, infinities among them.
template <typename Number>
Number lowest() {
  using Limits = std::numeric_limits<Number>;
  return Limits::has_infinity ? -Limits::infinity() : Limits::min();
}
template <typename Number>
Number highest() {
  using Limits = std::numeric_limits<Number>;
  return Limits::has_infinity ? Limits::infinity() : Limits::max();
}

/// The larger and the smaller of two numbers; NaN if one of them is.
template <typename Number>
Number larger(Number a, Number b) {
  return is_nan(a) || a > b ? a : b;
}
template <typename Number>
Number smaller(Number a, Number b) {
  return is_nan(a) || a < b ? a : b;
}

/// A number as another kind: an integer is cut off at its point; of what none holds the nearest is
/// taken, and 0 for NaN.
template <typename To, typename From>
To converted(From number) {
  if constexpr (std::is_integral_v<To> && std::is_floating_point_v<From>) {
    if (std::isnan(number)) return 0;
    constexpr From kBound = 9223372036854775808.0;  // 2^63
    if (number >= kBound) return std::numeric_limits<To>::max();
    if (number < -kBound) return std::numeric_limits<To>::min();
  }
  return static_cast<To>(number);
}

}  // namespace vpinfer
