#pragma once

#include <span>

#include "kernel/tensor.hpp"
#include "net/candidates.hpp"

namespace vpinfer {

/// Computes `box`, which spans all channels, of a head's output: a row per candidate, with scores
/// and distributions as probabilities.  `inputs` hold all of the layer's inputs.
void gather_candidates(const Candidates& head, std::span<const ConstTensorView> inputs,
                       const TensorView& output, const Box& box);

}  // namespace vpinfer
