#pragma once

#include <cstddef>
#include <span>

#include "vpinfer/net/layer.hpp"

namespace vpinfer {

/// values[p * stride + i] = activation(values[p * stride + i] + biases[i]) for `pixels` pixels.
/// The formulas are those of Darknet's src/activations.h.
void add_bias_and_activate(float* values, std::size_t pixels, std::size_t stride,
                           std::span<const float> biases, Activation activation);

}  // namespace vpinfer
