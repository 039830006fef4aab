#ifdef __x86_64__

#include "kernel/convolution/micro_kernel_template.hpp"

namespace vpinfer {

const MicroKernel& avx512_micro_kernel() {
  static constexpr MicroKernel kKernel = make_micro_kernel<16, 12>("AVX-512");
  return kKernel;
}

}  // namespace vpinfer

#endif
