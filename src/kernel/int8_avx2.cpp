#ifdef __x86_64__

#include "kernel/int8_template.hpp"

namespace vpinfer {

const Int8Kernel& avx2_int8_kernel() {
  static constexpr Int8Kernel kKernel = make_int8_kernel("AVX2");
  return kKernel;
}

}  // namespace vpinfer

#endif
