#pragma once

#include <cstddef>

#include "kernel/tensor.hpp"
#include "vpinfer/wire_format.hpp"

namespace vpinfer {

/// A box of numbers in a format, [rows][cols][channels], which takes `bytes_of(format,
/// box.elements())`.  It owns nothing.
struct EncodedBox {
  WireFormat format = WireFormat::kFloat;
  const std::byte* data = nullptr;  ///< aligned as floats or halves are; bytes need not be
  Box box;
};

/// Whether numbers in a format are what floats in memory are, so that nothing need be encoded.
[[nodiscard]] constexpr bool is_as_in_memory(WireFormat format) {
  return format == WireFormat::kFloat;
}

/// Writes `box`, which the view holds, to `to`.  Halves are rounded as by `round_to_halves`, bytes
/// as by `Int8Kernel`.
void encode(const ConstTensorView& from, const Box& box, WireFormat format, std::byte* to);
/// Writes a part of an encoded box to a view; both hold it.  Exact.
void decode(const EncodedBox& from, const TensorView& to, const Box& part);
/// The same, added to what the view has.
void add_decoded(const EncodedBox& from, const TensorView& to, const Box& part);

}  // namespace vpinfer
