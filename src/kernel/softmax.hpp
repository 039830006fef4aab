#pragma once

#include <span>

#include "kernel/tensor.hpp"
#include "net/layer.hpp"

namespace vpinfer {

/// Replaces scores by their exponentials, normalised to a sum of 1.
void softmax(std::span<float> scores);

/// Computes `box` of a softmax layer.  `input` holds all channels of the groups that the box
/// touches, and all pixels unless each is normalised on its own.
void softmax_box(const Softmax& softmax, const Shape& input_shape, const ConstTensorView& input,
                 const TensorView& output, const Box& box);

}  // namespace vpinfer
