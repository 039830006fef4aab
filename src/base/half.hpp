#pragma once

#include <bit>
#include <cstdint>

namespace vpinfer {

/// IEEE 754 binary16 as its 16 bits.
using HalfBits = std::uint16_t;

/// Exact; subnormals, infinities and NaN included.
[[nodiscard]] inline float half_to_float(HalfBits half) {
  // Shift exponent and mantissa into place, then let one multiplication re-bias the exponent; it
  // also normalises subnormals.  Infinity and NaN end up above 65536 and get their exponent back.
  constexpr float kRebias = 0x1p112F;
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16U;
  const std::uint32_t magnitude = static_cast<std::uint32_t>(half & 0x7FFFU) << 13U;
  const float value = std::bit_cast<float>(magnitude) * kRebias;
  std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  if (value >= 65536.0F) bits |= 0x7F800000U;
  return std::bit_cast<float>(bits | sign);
}

/// Rounds to nearest even; values beyond 65504 become infinity.
[[nodiscard]] inline HalfBits float_to_half(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16U) & 0x8000U;
  std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) return static_cast<HalfBits>(sign | 0x7E00U);   // NaN
  if (magnitude >= 0x47800000U) return static_cast<HalfBits>(sign | 0x7C00U);  // 65536 and more
  if (magnitude < 0x38800000U) {
    // Subnormal half: adding 0.5 aligns the mantissa and rounds it, as the FPU does.
    const float aligned = std::bit_cast<float>(magnitude) + 0.5F;
    return static_cast<HalfBits>(sign | (std::bit_cast<std::uint32_t>(aligned) - 0x3F000000U));
  }
  const std::uint32_t odd = (magnitude >> 13U) & 1U;
  magnitude += 0xC8000FFFU + odd;  // re-bias the exponent by -112 and round
  return static_cast<HalfBits>(sign | (magnitude >> 13U));
}

}  // namespace vpinfer
