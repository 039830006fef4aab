#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "kernel/half.hpp"
#include "support/random.hpp"

namespace vpinfer {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kLargest = 65504;

std::vector<float> widened(const std::vector<HalfBits>& halves) {
  std::vector<float> values(halves.size());
  widen_halves(halves.data(), halves.size(), values.data());
  return values;
}

/// `float_to_half` judges, which is tested by itself; numbers beyond a half are its largest here.
void expect_rounded(const std::vector<float>& values) {
  std::vector<HalfBits> halves(values.size());
  round_to_halves(values.data(), values.size(), halves.data());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float within =
        std::isfinite(values[i]) ? std::clamp(values[i], -kLargest, kLargest) : values[i];
    ASSERT_EQ(halves[i], float_to_half(within)) << values[i];
  }
}

TEST(WidenHalves, EveryHalf) {
  std::vector<HalfBits> halves;
  for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    halves.push_back(static_cast<HalfBits>(bits));
  }
  const std::vector<float> values = widened(halves);
  for (std::size_t i = 0; i < halves.size(); ++i) {
    const float expected = half_to_float(halves[i]);
    EXPECT_EQ(std::signbit(values[i]), std::signbit(expected));
    EXPECT_TRUE(values[i] == expected || (std::isnan(values[i]) && std::isnan(expected))) << i;
  }
}

TEST(RoundToHalves, TiesAndTheirNeighbours) {
  std::vector<float> values;
  for (std::uint32_t below = 0; below < 0x7C00; ++below) {
    const auto value = [](std::uint32_t bits) {
      return half_to_float(static_cast<HalfBits>(bits));
    };
    const float upper = below + 1 == 0x7C00 ? 65536.0F : value(below + 1);
    const float middle = value(below) / 2 + upper / 2;
    for (const float v : {value(below), middle}) {
      for (const float x : {v, std::nextafter(v, 0.0F), std::nextafter(v, kInfinity)}) {
        values.insert(values.end(), {x, -x});
      }
    }
  }
  expect_rounded(values);
}

TEST(RoundToHalves, FloatsOfAllBits) {
  // A prime step through all bit patterns: every exponent, NaN and infinity among them.
  std::vector<float> values;
  for (std::uint64_t bits = 0; bits <= 0xFFFFFFFF; bits += 1009) {
    values.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  }
  expect_rounded(values);
}

TEST(RoundToHalves, KeepsFiniteNumbersFiniteAndNothingElse) {
  constexpr float kMax = std::numeric_limits<float>::max();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> values{65519, 65520, -65536, kMax, -kMax, kInfinity, -kInfinity, kNan};
  std::vector<HalfBits> halves(values.size());
  round_to_halves(values.data(), values.size(), halves.data());
  const std::vector<float> result = widened(halves);
  EXPECT_EQ((std::vector<float>{result.begin(), result.end() - 1}),
            (std::vector<float>{kLargest, kLargest, -kLargest, kLargest, -kLargest, kInfinity,
                                -kInfinity}));
  EXPECT_TRUE(std::isnan(result.back()));
}

TEST(RoundToHalves, AnyCount) {
  // Vector code has a remainder, and must not write behind it.
  Random random(3);
  for (std::size_t count = 0; count < 40; ++count) {
    const std::vector<float> values = random.reals(count + 1, -2, 2);
    constexpr HalfBits kGuard = 0xABCD;
    std::vector<HalfBits> halves(count + 1, kGuard);
    round_to_halves(values.data(), count, halves.data());
    std::vector<float> back(count + 1, kInfinity);
    widen_halves(halves.data(), count, back.data());
    std::vector<float> sums = values;
    add_halves(halves.data(), count, sums.data());
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(halves[i], float_to_half(values[i]));
      EXPECT_EQ(back[i], half_to_float(halves[i]));
      EXPECT_EQ(sums[i], values[i] + half_to_float(halves[i]));
    }
    EXPECT_EQ(halves.back(), kGuard);
    EXPECT_EQ(back.back(), kInfinity);
    EXPECT_EQ(sums.back(), values.back());
  }
}

}  // namespace
}  // namespace vpinfer
