#include "kernel/half.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>

#include "kernel/half_template.hpp"

namespace vpinfer {
namespace {

constexpr std::int32_t kInfinity = 0x7F800000;
constexpr std::int32_t kOverflow = 0x47800000;     // 65536
constexpr std::int32_t kLargestHalf = 0x477FE000;  // 65504

HalfBits round_to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto magnitude = static_cast<std::int32_t>(bits & 0x7FFFFFFFU);
  const std::int32_t infinite = mask_if_less(kInfinity - 1, magnitude);
  const std::int32_t nan = mask_if_less(kInfinity, magnitude);
  // 65536 has the exponent of a half's infinity.
  const std::int32_t capped =
      std::min(magnitude, kLargestHalf + (infinite & (kOverflow - kLargestHalf)));
  // Adding 2^13 times the number's power of two moves the bits of the half to the end of the
  // mantissa, and the processor rounds what falls off.
  const std::int32_t power = std::max(capped & kInfinity, kLeastNormal);
  const float aligned =
      std::bit_cast<float>(capped) + std::bit_cast<float>(power + (13 << kMantissaBits));
  const std::int32_t half =
      ((power - kLeastNormal) >> 13) + (std::bit_cast<std::int32_t>(aligned) & 0xFFF);
  return static_cast<HalfBits>(((bits >> 16U) & 0x8000U) |
                               static_cast<std::uint32_t>(half | (nan & 0x7E00)));
}

}  // namespace

void round_to_halves(const float* values, std::size_t count, HalfBits* halves) {
  for (std::size_t i = 0; i < count; ++i) halves[i] = round_to_half(values[i]);
}

void widen_halves(const HalfBits* halves, std::size_t count, float* values) {
  for (std::size_t i = 0; i < count; ++i) values[i] = widen_half(halves[i]);
}

void add_halves(const HalfBits* halves, std::size_t count, float* values) {
  for (std::size_t i = 0; i < count; ++i) values[i] += widen_half(halves[i]);
}

}  // namespace vpinfer
