#pragma once

#include "kernel/tensor.hpp"
#include "kernel/workers.hpp"
#include "net/layer.hpp"

namespace vpinfer {

/// Computes `box` of a max pooling.  `input` holds the windows of `box` clipped to the picture
/// `input_shape`; a window that lies wholly outside the picture gives the lowest float, as in
/// Darknet.  Rows are shared out.
void max_pool(const MaxPool& pool, const Shape& input_shape, const ConstTensorView& input,
              const TensorView& output, const Box& box, const Workers& workers);

/// The same for an average pooling; a window without any element gives 0.
void average_pool(const AveragePool& pool, const Shape& input_shape, const ConstTensorView& input,
                  const TensorView& output, const Box& box, const Workers& workers);

}  // namespace vpinfer
