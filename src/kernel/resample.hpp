#pragma once

#include "kernel/tensor.hpp"
#include "kernel/workers.hpp"
#include "net/layer.hpp"

namespace vpinfer {

/// Computes `box` of a resize.  `input` holds what the box needs of an input of extent
/// `input_shape`.  There is progress after every row.
void resample(const Resample& resample, const Shape& input_shape, const ConstTensorView& input,
              const TensorView& output, const Box& box, const Workers& workers);

}  // namespace vpinfer
