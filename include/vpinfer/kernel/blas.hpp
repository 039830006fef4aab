#pragma once

#include <string>

namespace vpinfer {

/// How many threads one sgemm may use in this process.
void set_blas_threads(int threads);
/// For example `OpenBLAS 0.3.21 SkylakeX`, as it chose itself on this machine.
[[nodiscard]] std::string blas_description();

}  // namespace vpinfer
