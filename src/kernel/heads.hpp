#pragma once

#include "kernel/tensor.hpp"
#include "kernel/workers.hpp"
#include "net/layer.hpp"

namespace vpinfer {

// The ends of detectors.  Each computes `box`, which spans all channels, of its output.  Rows are
// shared out.

/// YOLOv2's and later, see BoxCoding: sigmoids, a softmax (or sigmoids) over the class scores, x
/// and y stretched; width and height stay as they are.
void activate_region(const Region& region, const ConstTensorView& input, const TensorView& output,
                     const Box& box, const Workers& workers);

/// YOLOv1's: a softmax over the class scores of each cell, if at all.
void activate_grid(const GridHead& head, const ConstTensorView& input, const TensorView& output,
                   const Box& box, const Workers& workers);

/// NanoDet's: sigmoids of the class scores, a softmax over the bins of each side.
void activate_nanodet(const NanoDet& head, const ConstTensorView& input, const TensorView& output,
                      const Box& box, const Workers& workers);

}  // namespace vpinfer
