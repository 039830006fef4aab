#pragma once

#include "net/network.hpp"

namespace vpinfer {

// What the values are that a head reads: logits, or what a sigmoid or softmax has made of them.

/// Whether all that an operation gives are sigmoids.
[[nodiscard]] bool gives_sigmoids(const Operation& operation);
/// Whether they are sigmoids, shares of a softmax, or clipped to [0, 1].
[[nodiscard]] bool gives_probabilities(const Operation& operation);

/// Whether some of what is at `position` comes from such an operation alone, perhaps moved, joined
/// with others, pooled, resized, or combined with its like and with constants.
[[nodiscard]] bool comes_from(const Network& network, int position,
                              bool (*is_such)(const Operation& operation));

}  // namespace vpinfer
