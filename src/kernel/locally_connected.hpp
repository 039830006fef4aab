#pragma once

#include <cstddef>
#include <span>

#include "kernel/tensor.hpp"
#include "kernel/weight_slice.hpp"
#include "kernel/workers.hpp"

namespace vpinfer {

/// Floats of scratch memory for `connect_locally`: one window and a 1 for the bias.
[[nodiscard]] std::size_t locally_connected_workspace(const LocallyConnected& local,
                                                      int input_channels);

/// Computes `box` of a locally connected layer.  `input` holds the windows of `box` clipped to the
/// picture `input_shape`; beyond it there are zeros.  box.channels must lie within the
/// slice's filters.  There is progress after every row.
void connect_locally(const LocallyConnected& local, const WeightSlice& slice,
                     const Shape& input_shape, const Shape& output_shape,
                     const ConstTensorView& input, const TensorView& output, const Box& box,
                     std::span<float> workspace, const Workers& workers);

}  // namespace vpinfer
