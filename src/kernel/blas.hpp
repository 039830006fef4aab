#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vpinfer {

/// From now on an sgemm runs on the thread that calls it: a layer is shared out before.
void use_one_blas_thread();
/// For example `OpenBLAS 0.3.21 SkylakeX`, as it chose itself on this machine.
[[nodiscard]] std::string blas_description();

/// What vectors a processor has, and OpenBLAS's kernels for some processor use.
enum class VectorSet { kOther, kAvx2, kAvx512 };

/// A remark with the remedy if OpenBLAS has chosen kernels below what this processor can do: for an
/// environment variable, or because it does not know the processor.
[[nodiscard]] std::optional<std::string> slow_blas_remark();
/// The same for kernels of a name, which the variable may have `forced`, and a processor with some
/// vectors.
[[nodiscard]] std::optional<std::string> slow_blas_remark(std::string_view core, bool forced,
                                                          VectorSet vectors);

}  // namespace vpinfer
