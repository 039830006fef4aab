#pragma once

#include "kernel/tensor.hpp"
#include "kernel/workers.hpp"
#include "net/layer.hpp"

namespace vpinfer {

/// Computes `box` of Darknet's reorg.  `input` holds the whole input.
///
/// Darknet moves elements between flat arrays in channels-rows-cols order: it walks one array as if
/// it had the *input's* extent w x h x c, finds for each position a partner in an array of extent
/// (w*s) x (h*s) x (c/s^2), and never looks at the output's own extent.  An output row thus draws
/// on far input rows.  reorg_cpu in Darknet's src/blas.c is the reference.
void reorganise(const Reorg& reorg, const Shape& input_shape, const Shape& output_shape,
                const ConstTensorView& input, const TensorView& output, const Box& box,
                const Workers& workers);

}  // namespace vpinfer
