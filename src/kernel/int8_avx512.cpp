#ifdef __x86_64__

#include "kernel/int8_template.hpp"

namespace vpinfer {

const Int8Kernel& avx512_int8_kernel() {
  static constexpr Int8Kernel kKernel = make_int8_kernel("AVX-512");
  return kKernel;
}

}  // namespace vpinfer

#endif
