#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "vpinfer/wire_format.hpp"

namespace vpinfer {

/// All there are.
inline constexpr std::array kWireFormats{WireFormat::kFloat, WireFormat::kHalf, WireFormat::kInt8};

/// The next format, of one that is not the most exact.
[[nodiscard]] constexpr WireFormat more_exact(WireFormat format) {
  return format == WireFormat::kInt8 ? WireFormat::kHalf : WireFormat::kFloat;
}

/// What numbers of 8 bits are made of: for every `kInt8Block` of them, and for what is left, a
/// header; behind all headers, a byte for each number.
inline constexpr std::size_t kInt8Block = 64;

/// A number is `least` plus so many times `step` as its byte says.  Both are bfloat16: the upper
/// half of a float.  A block with a number that is not finite has a `step` that is none, so that
/// all of it is read as NaN.
struct Int8Header {
  std::uint16_t least = 0;
  std::uint16_t step = 0;
};

[[nodiscard]] constexpr std::size_t int8_blocks(std::size_t elements) {
  return (elements + kInt8Block - 1) / kInt8Block;
}

}  // namespace vpinfer
