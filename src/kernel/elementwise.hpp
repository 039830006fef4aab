#pragma once

#include <span>

#include "kernel/tensor.hpp"
#include "kernel/workers.hpp"
#include "net/layer.hpp"

namespace vpinfer {

// Layers that combine or change elements one by one.  Each computes `box` of its output; views hold
// what the box needs of the inputs.  Rows are shared out.

/// Inputs `a` of extent `a_shape` and `b` of extent `b_shape`, repeated where their extent is 1.
void combine(const Elementwise& elementwise, const Shape& a_shape, const ConstTensorView& a,
             const Shape& b_shape, const ConstTensorView& b, const TensorView& output,
             const Box& box, const Workers& workers);

/// `input` has the output's extent, `from` has `from_shape`.  shortcut_cpu in Darknet's src/blas.c
/// is the reference.
void add_shortcut(const Shortcut& shortcut, const ConstTensorView& input, const Shape& output_shape,
                  const Shape& from_shape, const ConstTensorView& from, const TensorView& output,
                  const Box& box, const Workers& workers);

/// `weights`, if the sum has some, are [channels from `first_channel` on][inputs].  Inputs may have
/// fewer channels than the output.
void add_up(const Sum& sum, std::span<const float> weights, int first_channel,
            std::span<const ConstTensorView> inputs, const TensorView& output, const Box& box,
            const Workers& workers);

void activate_box(const Activation& activation, const ConstTensorView& input,
                  const TensorView& output, const Box& box, const Workers& workers);

/// `slopes` are those of the channels from `first_channel` on.
void prelu(std::span<const float> slopes, int first_channel, const ConstTensorView& input,
           const TensorView& output, const Box& box, const Workers& workers);

/// A trained tensor; `values` are [channels][rows][cols] of the channels from `first_channel` on.
void write_constant(const Constant& constant, std::span<const float> values, int first_channel,
                    const TensorView& output, const Box& box);

}  // namespace vpinfer
