#pragma once

#include <cstddef>
#include <string_view>

namespace vpinfer {

/// How numbers travel between ranks, which compute with floats.  From the most exact to the least.
enum class WireFormat {
  kFloat,  ///< IEEE 754 binary32, as in computations
  kHalf,   ///< IEEE 754 binary16: 11 bits of each number remain, and 65504 is the largest
};

[[nodiscard]] std::string_view to_string(WireFormat format);
/// Throws BadUsage, naming the formats there are.
[[nodiscard]] WireFormat parse_wire_format(std::string_view name);

/// What so many numbers take on the wire that travel side by side.
[[nodiscard]] std::size_t bytes_of(WireFormat format, std::size_t elements);

}  // namespace vpinfer
