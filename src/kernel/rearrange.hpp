#pragma once

#include "kernel/tensor.hpp"
#include "net/layer.hpp"

namespace vpinfer {

// Layers that move elements.  Each computes `box` of its output; `input` holds what the box needs
// of an input of extent `input_shape`.

void slice(const Slice& slice, const ConstTensorView& input, const TensorView& output,
           const Box& box);

void pad(const Pad& pad, const Shape& input_shape, const ConstTensorView& input,
         const TensorView& output, const Box& box);

void flatten(const Shape& input_shape, const ConstTensorView& input, const TensorView& output,
             const Box& box);

void space_to_depth(const SpaceToDepth& move, const Shape& input_shape,
                    const ConstTensorView& input, const TensorView& output, const Box& box);

void depth_to_space(const DepthToSpace& move, const Shape& output_shape,
                    const ConstTensorView& input, const TensorView& output, const Box& box);

void shuffle_channels(const ShuffleChannels& shuffle, const Shape& input_shape,
                      const ConstTensorView& input, const TensorView& output, const Box& box);

}  // namespace vpinfer
