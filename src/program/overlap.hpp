#pragma once

#include <cstddef>
#include <vector>

#include "program/outline.hpp"

namespace vpinfer {

// What of a layer can be computed while messages are on their way.

/// What computing a box of a tensor reads of an input of the layer that it begins with.
[[nodiscard]] Box read_to_compute(const Network& network, const TensorOutline& tensor,
                                  std::size_t input, const Box& box);

/// The part of `box` that can be computed from what is there of each input: every axis is shrunk
/// from both ends to the slices that need nothing else.  Empty, too, where it is not worth dividing
/// the box.
[[nodiscard]] Box interior(const Network& network, const TensorOutline& tensor, const Box& box,
                           const std::vector<Box>& available);

/// A peer's message that brings all pixels of some input channels.
struct ChannelBlock {
  std::size_t message = 0;
  Interval channels;
};

/// What the messages to `rank` bring of what a convolution requires of its input, part of which the
/// rank owns, if it can sum over one after another, and if each has channels enough for a matrix
/// product of its own at every tap of the window.  The peers before this rank come first, the
/// nearest of them leading, because each rank sends to those after it first: no two want the same
/// one at the same time.
[[nodiscard]] std::vector<ChannelBlock> channel_blocks(const Box& required, const Box& owned,
                                                       const std::vector<Message>& messages,
                                                       int rank);

}  // namespace vpinfer
