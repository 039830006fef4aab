#pragma once

#include <cstddef>
#include <vector>

namespace vpinfer {

/// A stretch of memory that is in use from step `first` to step `last`, both included.
struct Lifetime {
  std::size_t bytes = 0;
  std::size_t first = 0;
  std::size_t last = 0;
};

/// Where each of several buffers lies in one allocation.
struct ArenaPlan {
  std::vector<std::size_t> offsets;  ///< in bytes, one per buffer, multiples of 64
  std::size_t bytes = 0;             ///< extent of the allocation
};

/// Buffers whose lifetimes overlap never share memory.  Largest buffer first, each at the lowest
/// free offset: "greedy by size" of Pisarchyk and Lee, Efficient Memory Management for Deep Neural
/// Net Inference, 2020 (arXiv:2001.03288).
[[nodiscard]] ArenaPlan pack_arena(const std::vector<Lifetime>& buffers);

}  // namespace vpinfer
