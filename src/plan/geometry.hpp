#pragma once

#include <cstddef>

#include "base/box.hpp"
#include "net/network.hpp"

namespace vpinfer {

/// The receptive field: what of input `index` the layer at `position` reads to compute `output`,
/// clipped to the input's extent.  Empty for an empty output.  Monotone: a part of the output never
/// needs more than the whole.
[[nodiscard]] Box required_input(const Network& network, int position, std::size_t index,
                                 const Box& output);

}  // namespace vpinfer
