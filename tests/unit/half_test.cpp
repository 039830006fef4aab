#include "base/half.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/random.hpp"

namespace vpinfer {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr std::uint32_t kInfinityBits = 0x7C00;

/// The value of a finite half, straight from its definition.
double value_of(std::uint32_t magnitude) {
  const int exponent = static_cast<int>(magnitude >> 10U);
  const int mantissa = static_cast<int>(magnitude & 0x3FFU);
  return exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
}

/// The nearest half of a number that is neither negative nor NaN, ties to even, by bisection.
std::uint32_t nearest(float value) {
  if (value >= 65520.0F) return kInfinityBits;  // half way from 65504 to the next, 65536
  std::uint32_t below = 0;
  std::uint32_t above = kInfinityBits;
  while (above - below > 1) {
    const std::uint32_t middle = (below + above) / 2;
    (value_of(middle) <= static_cast<double>(value) ? below : above) = middle;
  }
  const double to_below = static_cast<double>(value) - value_of(below);
  const double to_above = value_of(above) - static_cast<double>(value);
  if (to_below == to_above) return below % 2 == 0 ? below : above;
  return to_below < to_above ? below : above;
}

void expect_rounded(float value) {
  const std::uint32_t expected = nearest(value);
  EXPECT_EQ(float_to_half(value), expected) << value;
  EXPECT_EQ(float_to_half(-value), expected | 0x8000U) << -value;
}

TEST(Half, EveryHalfHasItsValue) {
  for (std::uint32_t magnitude = 0; magnitude < kInfinityBits; ++magnitude) {
    const auto half = static_cast<HalfBits>(magnitude);
    const auto negative = static_cast<HalfBits>(magnitude | 0x8000U);
    EXPECT_EQ(static_cast<double>(half_to_float(half)), value_of(magnitude));
    EXPECT_EQ(static_cast<double>(half_to_float(negative)), -value_of(magnitude));
    EXPECT_TRUE(std::signbit(half_to_float(negative)));
  }
  EXPECT_EQ(half_to_float(0x7C00), kInfinity);
  EXPECT_EQ(half_to_float(0xFC00), -kInfinity);
}

TEST(Half, EveryHalfSurvivesTheRoundTrip) {
  for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    const float value = half_to_float(static_cast<HalfBits>(bits));
    const bool nan = (bits & 0x7FFFU) > kInfinityBits;
    EXPECT_EQ(std::isnan(value), nan);
    EXPECT_EQ(float_to_half(value), nan ? ((bits & 0x8000U) | 0x7E00U) : bits);
  }
}

TEST(Half, RoundsToNearestEven) {
  for (std::uint32_t below = 0; below < kInfinityBits; ++below) {
    const double upper = below + 1 == kInfinityBits ? 65536.0 : value_of(below + 1);
    const auto middle = static_cast<float>((value_of(below) + upper) / 2);
    expect_rounded(middle);
    expect_rounded(std::nextafter(middle, 0.0F));
    expect_rounded(std::nextafter(middle, kInfinity));
    expect_rounded(std::nextafter(static_cast<float>(value_of(below)), kInfinity));
    expect_rounded(std::nextafter(static_cast<float>(upper), 0.0F));
  }
}

TEST(Half, RoundsAnyNumber) {
  Random random(1);
  for (int i = 0; i < 200'000; ++i) {
    const float value = std::ldexp(random.real(1, 2), random.between(-30, 18));
    expect_rounded(value);
  }
}

TEST(Half, KnowsTheEdges) {
  expect_rounded(0.0F);
  expect_rounded(65504.0F);
  expect_rounded(65519.99F);
  expect_rounded(65520.0F);
  expect_rounded(65536.0F);
  expect_rounded(std::numeric_limits<float>::max());
  expect_rounded(std::numeric_limits<float>::denorm_min());
  expect_rounded(0x1p-25F);
  expect_rounded(0x1.000002p-25F);
  expect_rounded(0x1p-14F);
  EXPECT_EQ(float_to_half(kInfinity), kInfinityBits);
  EXPECT_EQ(float_to_half(-kInfinity), kInfinityBits | 0x8000U);
  EXPECT_EQ(float_to_half(std::numeric_limits<float>::quiet_NaN()) & 0x7FFFU, 0x7E00U);
}

}  // namespace
}  // namespace vpinfer
