#include "kernel/convolution/micro_kernel.hpp"

#include "kernel/convolution/micro_kernel_template.hpp"
#include "kernel/processor.hpp"

namespace vpinfer {

const MicroKernel& portable_micro_kernel() {
#ifdef __aarch64__
  static constexpr MicroKernel kKernel = make_micro_kernel<4, 12>("NEON");  // 32 registers
#else
  static constexpr MicroKernel kKernel = make_micro_kernel<4, 6>("portable");  // 16
#endif
  return kKernel;
}

std::vector<const MicroKernel*> micro_kernels() {
  std::vector<const MicroKernel*> kernels;
#ifdef __x86_64__
  if (has_avx512()) kernels.push_back(&avx512_micro_kernel());
  if (has_avx2()) kernels.push_back(&avx2_micro_kernel());
#endif
  kernels.push_back(&portable_micro_kernel());
  return kernels;
}

const MicroKernel& micro_kernel() {
  static const MicroKernel& fastest = *micro_kernels().front();
  return fastest;
}

}  // namespace vpinfer
