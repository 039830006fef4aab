#pragma once

#include <cstddef>

namespace vpinfer {

/// How a model's weights are kept, in files and in memory.
enum class NumberFormat {
  kFloat,  ///< IEEE 754 binary32
  kHalf,   ///< IEEE 754 binary16: 11 bits of each number remain, and 65504 is the largest
};

/// What so many numbers take, that lie side by side.
[[nodiscard]] std::size_t bytes_of(NumberFormat format, std::size_t elements);

}  // namespace vpinfer
