#pragma once

namespace vpinfer {

// What the processor that this runs on can do, of what parts of the program are compiled for.
#ifdef __x86_64__
/// With vectors of bytes and of any length.
[[nodiscard]] inline bool has_avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl");
}
/// With all that came with it: fused multiply-adds and halves.
[[nodiscard]] inline bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("f16c");
}
#endif

}  // namespace vpinfer
