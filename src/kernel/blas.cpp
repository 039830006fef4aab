#include "kernel/blas.hpp"

#include <cblas.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace vpinfer {
namespace {

VectorSet vectors_of_processor() {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")) {
    return VectorSet::kAvx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return VectorSet::kAvx2;
#endif
  return VectorSet::kOther;
}

VectorSet vectors_of_kernels(std::string_view core) {
  const auto is_one_of = [&](const auto& names) {
    return std::find(names.begin(), names.end(), core) != names.end();
  };
  if (is_one_of(std::array{"SkylakeX", "Cooperlake", "SapphireRapids"})) return VectorSet::kAvx512;
  if (is_one_of(std::array{"Haswell", "Zen", "Excavator"})) return VectorSet::kAvx2;
  return VectorSet::kOther;
}

}  // namespace

void use_one_blas_thread() {
  openblas_set_num_threads(1);
}

std::string blas_description() {
  const std::string config = openblas_get_config();  // "OpenBLAS 0.3.21 NO_LAPACKE ..."
  const std::size_t version_end = config.find(' ', config.find(' ') + 1);
  return config.substr(0, version_end) + " " + openblas_get_corename();
}

std::optional<std::string> slow_blas_remark() {
  // Only a library for many processors chooses.
  const std::string config = openblas_get_config();
  if (config.find("DYNAMIC_ARCH") == std::string::npos) return std::nullopt;
  const bool forced = std::getenv("OPENBLAS_CORETYPE") != nullptr;
  return slow_blas_remark(openblas_get_corename(), forced, vectors_of_processor());
}

std::optional<std::string> slow_blas_remark(std::string_view core, bool forced, VectorSet vectors) {
  if (vectors_of_kernels(core) >= vectors) return std::nullopt;
  const std::string better = vectors == VectorSet::kAvx512 ? "SkylakeX" : "Haswell";
  return "OpenBLAS uses its kernels for " + std::string(core) +
         ", which are slower than this processor can be; " +
         (forced ? "unset OPENBLAS_CORETYPE" : "set OPENBLAS_CORETYPE=" + better);
}

}  // namespace vpinfer
