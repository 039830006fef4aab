#pragma once

#include <bit>
#include <cstdint>

#include "base/half.hpp"

namespace vpinfer {
// Files that include this may be compiled for another processor: nothing here may be shared.
namespace {

// The conversion of base/half.hpp without branches, by masks, so that compilers make vector code of
// loops of it without being told of a processor's half instructions; and without subnormal floats,
// which cost thirty times as much on some processors.

constexpr int kMantissaBits = 23;
constexpr std::int32_t kLeastNormal = 0x38800000;  // 2^-14, the least half that is not subnormal
constexpr std::int32_t kRebias = 112 << kMantissaBits;

/// All ones if a < b, otherwise 0; both from the bits of magnitudes.
std::int32_t mask_if_less(std::int32_t a, std::int32_t b) {
  return (a - b) >> 31;
}

float widen_half(HalfBits half) {
  const std::int32_t magnitude = half & 0x7FFF;
  const std::int32_t subnormal = mask_if_less(magnitude, 0x400);
  const std::int32_t not_finite = mask_if_less(0x7BFF, magnitude);
  // A subnormal half has no leading one: it is lent the one of the least normal number.
  const std::int32_t lent =
      (magnitude << 13) + kRebias + (not_finite & kRebias) + (subnormal & (1 << kMantissaBits));
  const float value = std::bit_cast<float>(lent) - std::bit_cast<float>(subnormal & kLeastNormal);
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000) << 16U;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) | sign);
}

}  // namespace
}  // namespace vpinfer
