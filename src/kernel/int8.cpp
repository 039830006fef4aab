#include "kernel/int8.hpp"

#include "kernel/int8_template.hpp"
#include "kernel/processor.hpp"

namespace vpinfer {

const Int8Kernel& portable_int8_kernel() {
#ifdef __aarch64__
  static constexpr Int8Kernel kKernel = make_int8_kernel("NEON");
#else
  static constexpr Int8Kernel kKernel = make_int8_kernel("portable");
#endif
  return kKernel;
}

std::vector<const Int8Kernel*> int8_kernels() {
  std::vector<const Int8Kernel*> kernels;
#ifdef __x86_64__
  if (has_avx512()) kernels.push_back(&avx512_int8_kernel());
  if (has_avx2()) kernels.push_back(&avx2_int8_kernel());
#endif
  kernels.push_back(&portable_int8_kernel());
  return kernels;
}

const Int8Kernel& int8_kernel() {
  static const Int8Kernel& fastest = *int8_kernels().front();
  return fastest;
}

}  // namespace vpinfer
