#pragma once

#include "import/onnx_builder.hpp"

namespace vpinfer {

/// An axis of `size` elements to be resized.
struct CubicAxis {
  int size = 1;
  Sampling sampling;
};

/// Adds a cubic interpolation; returns its position.  Throws Unsupported unless each axis grows by
/// a whole number: then every so many outputs weigh their inputs alike, which makes them a
/// convolution's, and DepthToSpace interleaves them.
[[nodiscard]] int add_cubic(OnnxBuilder& builder, const OnnxNodeReader& node, int position,
                            const CubicAxis& rows, const CubicAxis& cols);

}  // namespace vpinfer
