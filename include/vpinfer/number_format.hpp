#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace vpinfer {

/// How numbers are represented where they need not be floats: on the wire, in files.  From the most
/// exact to the least.
enum class NumberFormat {
  kFloat,  ///< IEEE 754 binary32, as in computations
  kHalf,   ///< IEEE 754 binary16: 11 bits of each number remain, and 65504 is the largest
};

[[nodiscard]] std::string_view to_string(NumberFormat format);
/// `what` it is the format of begins the error.  Throws BadUsage, naming the formats there are.
[[nodiscard]] NumberFormat parse_number_format(const std::string& what, std::string_view name);

/// What so many numbers take, that lie side by side.
[[nodiscard]] std::size_t bytes_of(NumberFormat format, std::size_t elements);

}  // namespace vpinfer
