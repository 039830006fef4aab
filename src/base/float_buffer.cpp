#include "base/float_buffer.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace vpinfer {

float* FloatBuffer::allocate(std::size_t floats) {
  constexpr std::size_t kLineBytes = 64;
  constexpr std::size_t kHugePageBytes = 2 * 1024 * 1024;
  const std::size_t bytes = whole_lines(floats) * sizeof(float);
  const bool large = bytes >= 2 * kHugePageBytes;
  // Not std::aligned_alloc, which is for multiples of the alignment only.
  void* data = nullptr;
  if (posix_memalign(&data, large ? kHugePageBytes : kLineBytes, bytes) != 0)
    throw std::bad_alloc();
  // Of whole huge pages only, so that no more memory is taken.  Where there are none, nothing
  // happens.
  if (large) (void)madvise(data, bytes / kHugePageBytes * kHugePageBytes, MADV_HUGEPAGE);
  return static_cast<float*>(data);
}

}  // namespace vpinfer
