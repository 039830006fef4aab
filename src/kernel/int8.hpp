#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/wire_format.hpp"

namespace vpinfer {

/// How one kind of processor encodes and decodes numbers of 8 bits in blocks, as
/// `WireFormat::kInt8` says.  All kinds give the same bits: ranks may be of different ones.
struct Int8Kernel {
  /// Encodes one block of `count` numbers, at most `kInt8Block`, each rounded to nearest.
  using Round = Int8Header (*)(const float* values, std::size_t count, std::uint8_t* bytes);
  /// Decodes some numbers of one block.
  using Widen = void (*)(Int8Header header, const std::uint8_t* bytes, std::size_t count,
                         float* values);

  const char* name = "";
  Round round = nullptr;
  Widen widen = nullptr;
  Widen add = nullptr;  ///< the same, added to the values
};

/// Those that this processor can run, the fastest first; the last is the portable one.
[[nodiscard]] std::vector<const Int8Kernel*> int8_kernels();
/// The fastest that this processor can run.
[[nodiscard]] const Int8Kernel& int8_kernel();

// For each kind of processor that this program was compiled for.
[[nodiscard]] const Int8Kernel& portable_int8_kernel();
#ifdef __x86_64__
[[nodiscard]] const Int8Kernel& avx2_int8_kernel();
[[nodiscard]] const Int8Kernel& avx512_int8_kernel();
#endif

}  // namespace vpinfer
