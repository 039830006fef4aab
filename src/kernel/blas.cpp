#include "vpinfer/kernel/blas.hpp"

#include <cblas.h>

namespace vpinfer {

void set_blas_threads(int threads) {
  openblas_set_num_threads(threads);
}

std::string blas_description() {
  const std::string config = openblas_get_config();  // "OpenBLAS 0.3.21 NO_LAPACKE ..."
  const std::size_t version_end = config.find(' ', config.find(' ') + 1);
  return config.substr(0, version_end) + " " + openblas_get_corename();
}

}  // namespace vpinfer
