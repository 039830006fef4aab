#pragma once

#include <cstddef>

#include "net/network.hpp"
#include "vpinfer/box.hpp"

namespace vpinfer {

/// The receptive field: what of input `index` the layer at `position` reads to compute `output`,
/// clipped to the input's extent.  Empty for an empty output.  Monotone: a part of the output never
/// needs more than the whole.
[[nodiscard]] Box required_input(const Network& network, int position, std::size_t index,
                                 const Box& output);

}  // namespace vpinfer
