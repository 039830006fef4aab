#pragma once

#include <cstddef>
#include <string_view>

namespace vpinfer {

/// How numbers travel between ranks, which compute with floats.  From the most exact to the least.
enum class WireFormat {
  kFloat,  ///< IEEE 754 binary32, as in computations
  kHalf,   ///< IEEE 754 binary16: 11 bits of each number remain, and 65504 is the largest
  /// A byte for each number, which says where between the least and the largest of 64 neighbours it
  /// lies: it is off by a 500th of what lies between these.
  kInt8,
};

[[nodiscard]] std::string_view to_string(WireFormat format);
/// Throws BadUsage, naming the formats there are.
[[nodiscard]] WireFormat parse_wire_format(std::string_view name);

/// The format of partial sums where outputs travel in this one: bytes are too coarse for them,
/// because where they cancel each other out, their errors stay.
[[nodiscard]] WireFormat format_of_sums(WireFormat outputs);

/// What so many numbers take on the wire that travel side by side; two parts may take more than
/// both together.
[[nodiscard]] std::size_t bytes_of(WireFormat format, std::size_t elements);

}  // namespace vpinfer
