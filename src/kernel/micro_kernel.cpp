#include "micro_kernel.hpp"

#include "micro_kernel_template.hpp"

namespace vpinfer {

const MicroKernel& portable_micro_kernel() {
#ifdef __aarch64__
  static constexpr MicroKernel kKernel = make_micro_kernel<4, 12>();  // of 32 registers
#else
  static constexpr MicroKernel kKernel = make_micro_kernel<4, 6>();  // of 16
#endif
  return kKernel;
}

const MicroKernel& micro_kernel() {
#ifdef __x86_64__
  static const MicroKernel& kernel = [&]() -> const MicroKernel& {
    if (__builtin_cpu_supports("avx512f")) return avx512_micro_kernel();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
      return avx2_micro_kernel();
    }
    return portable_micro_kernel();
  }();
  return kernel;
#else
  return portable_micro_kernel();
#endif
}

}  // namespace vpinfer
