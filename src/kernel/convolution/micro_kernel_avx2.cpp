#ifdef __x86_64__

#include "kernel/convolution/micro_kernel_template.hpp"

namespace vpinfer {

const MicroKernel& avx2_micro_kernel() {
  static constexpr MicroKernel kKernel = make_micro_kernel<8, 6>("AVX2");
  return kKernel;
}

}  // namespace vpinfer

#endif
