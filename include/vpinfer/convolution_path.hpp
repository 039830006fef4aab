#pragma once

#include <string_view>

namespace vpinfer {

/// How convolutions are computed: each in the way that is usually the fastest; the same without
/// Winograd's algorithms, which round more; or all by im2col and BLAS, the plain path.
enum class ConvolutionPath { kAuto, kDirect, kBlas };

[[nodiscard]] std::string_view to_string(ConvolutionPath path);
/// Throws BadUsage, naming the paths there are.
[[nodiscard]] ConvolutionPath parse_convolution_path(std::string_view name);

}  // namespace vpinfer
