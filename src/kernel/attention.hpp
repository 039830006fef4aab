#pragma once

#include <cstddef>
#include <span>

#include "kernel/tensor.hpp"
#include "kernel/workers.hpp"
#include "net/layer.hpp"

namespace vpinfer {

/// Computes `box` of the output; the inputs are queries, keys and values, the latter two with all
/// pixels.  By BLAS, some queries of a head at a time.
void attend(const Attention& attention, std::span<const ConstTensorView> inputs,
            const TensorView& output, const Box& box, std::span<float> workspace,
            const Workers& workers);

/// How many floats `attend` needs for keys of such a shape.
[[nodiscard]] std::size_t attention_workspace(const Attention& attention, const Shape& keys,
                                              int threads);

}  // namespace vpinfer
