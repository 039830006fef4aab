#pragma once

#include <span>

#include "kernel/tensor.hpp"
#include "net/island.hpp"

namespace vpinfer {

/// Computes `box` of an island's output; `inputs` hold all of the layer's inputs.  Throws BadInput,
/// beginning with `where`, if the operator cannot be computed or gives other extents than expected.
void compute_island(const Island& island, const std::string& where,
                    std::span<const ConstTensorView> inputs, const TensorView& output,
                    const Box& box);

/// About how much memory, in floats, computing an island takes on the heap beside its inputs and
/// its output.
[[nodiscard]] std::size_t island_workspace(const Island& island);

}  // namespace vpinfer
