#pragma once

#include "vpinfer/kernel/tensor.hpp"
#include "vpinfer/net/layer.hpp"

namespace vpinfer {

/// Computes `box` of YOLOv2's head: sigmoids of x, y and objectness, a softmax (or sigmoids) over
/// the class scores; width and height stay as they are.  `box` spans all channels.
void activate_region(const Region& region, const ConstTensorView& input, const TensorView& output,
                     const Box& box);

}  // namespace vpinfer
