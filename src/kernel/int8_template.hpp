#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "kernel/int8.hpp"

namespace vpinfer {
// Every file that includes this is compiled for another processor: nothing here may be shared.
// Loops of which compilers make vector code, without fused multiply-adds, which round otherwise.
namespace {

constexpr std::int32_t kMostOrder = 0x7FFFFFFF;
constexpr float kMostSteps = 255;
constexpr float kToNearest = 0.5F;  // before what is behind the point is cut off

/// The bits of a float as a number in whose order floats are: beyond infinities are NaN.  Compilers
/// make vector code of loops that look for the least of integers, not of floats.
std::int32_t order_of(float value) {
  const auto bits = std::bit_cast<std::int32_t>(value);
  return bits ^ ((bits >> 31) & kMostOrder);
}
float value_at(std::int32_t order) {
  return std::bit_cast<float>(order ^ ((order >> 31) & kMostOrder));
}

float widened(std::uint16_t upper_half) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(upper_half) << 16U);
}

/// The nearest bfloat16 that is not nearer to 0.
std::uint16_t rounded_away_from_0(float value) {
  return static_cast<std::uint16_t>((std::bit_cast<std::uint32_t>(value) + 0xFFFFU) >> 16U);
}
/// The largest bfloat16 that is not larger.
std::uint16_t rounded_down(float value) {
  const auto truncated = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16U);
  return value < 0 ? rounded_away_from_0(value) : truncated;
}

Int8Header header_of(float least, float largest) {
  constexpr float kLargestFloat = 0x1.fffffep127F;
  constexpr std::uint16_t kNan = 0x7FC0;
  constexpr float kNothing = 0x1p-120F;  // one over it is still finite
  Int8Header header{rounded_down(least), 0};
  const float range = largest - widened(header.least);
  if (!(range <= kLargestFloat)) return {0, kNan};
  if (range / kMostSteps > kNothing) header.step = rounded_away_from_0(range / kMostSteps);
  return header;
}

[[gnu::always_inline]] inline Int8Header round_numbers(const float* values, std::size_t count,
                                                       std::uint8_t* bytes) {
  std::int32_t least = kMostOrder;
  std::int32_t largest = -kMostOrder;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t order = order_of(values[i]);
    least = least < order ? least : order;
    largest = largest > order ? largest : order;
  }
  const Int8Header header = header_of(value_at(least), value_at(largest));
  const float step = widened(header.step);
  if (!(step > 0)) {  // all alike, or not all finite
    for (std::size_t i = 0; i < count; ++i) bytes[i] = 0;
    return header;
  }
  const float offset = widened(header.least);
  const float steps = 1 / step;
  for (std::size_t i = 0; i < count; ++i) {
    bytes[i] = static_cast<std::uint8_t>(
        static_cast<std::int32_t>((values[i] - offset) * steps + kToNearest));
  }
  return header;
}

/// The number of loops' turns is known where there is a whole block.
Int8Header round_block(const float* values, std::size_t count, std::uint8_t* bytes) {
  return count == kInt8Block ? round_numbers(values, kInt8Block, bytes)
                             : round_numbers(values, count, bytes);
}

void widen_numbers(Int8Header header, const std::uint8_t* bytes, std::size_t count, float* values) {
  const float least = widened(header.least);
  const float step = widened(header.step);
  for (std::size_t i = 0; i < count; ++i) values[i] = least + step * static_cast<float>(bytes[i]);
}

void add_numbers(Int8Header header, const std::uint8_t* bytes, std::size_t count, float* values) {
  const float least = widened(header.least);
  const float step = widened(header.step);
  for (std::size_t i = 0; i < count; ++i) values[i] += least + step * static_cast<float>(bytes[i]);
}

constexpr Int8Kernel make_int8_kernel(const char* name) {
  return {name, round_block, widen_numbers, add_numbers};
}

}  // namespace
}  // namespace vpinfer
