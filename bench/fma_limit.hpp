#pragma once

namespace vpinfer {

/// Floating-point operations per second of multiply-adds that never leave the registers, on one
/// core: what no convolution can exceed that computes every product.
[[nodiscard]] double fma_limit();

}  // namespace vpinfer
