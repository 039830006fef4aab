#pragma once

#include <cstddef>
#include <span>

#include "net/activation.hpp"

namespace vpinfer {

/// values[p * stride + i] = activation(values[p * stride + i] + biases[i]) for `pixels` pixels.
void add_bias_and_activate(float* values, std::size_t pixels, std::size_t stride,
                           std::span<const float> biases, const Activation& activation);

/// values[p * stride + i] = activation(values[p * stride + i]) for i < channels.
void activate(float* values, std::size_t pixels, std::size_t stride, std::size_t channels,
              const Activation& activation);

}  // namespace vpinfer
