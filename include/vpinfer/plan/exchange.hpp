#pragma once

#include <cstddef>
#include <vector>

#include "vpinfer/plan/plan.hpp"

namespace vpinfer {

/// One box of one layer's output on its way from its owner to a rank that needs it.
struct Transfer {
  int from = 0;
  int to = 0;
  Box box;
  bool operator==(const Transfer&) const = default;
};

/// What a run hands to rank 0 beside computing it: positions of layers, in increasing order.
using Delivery = std::vector<int>;

/// What `rank` reads of the output at `position`: the receptive fields of its boxes in all
/// consuming layers, and everything if the layer is delivered and the rank is 0.  Boxes may
/// overlap.
[[nodiscard]] std::vector<Box> needed_boxes(const Network& network, const Plan& plan,
                                            const Delivery& delivery, int position, int rank);

/// The smallest box that holds all needed boxes.
[[nodiscard]] Box hull_of_needs(const Network& network, const Plan& plan, const Delivery& delivery,
                                int position, int rank);

/// Everything that moves once the output at `position` is computed: to each rank, what it needs and
/// does not own, each element exactly once, from the owner whose rank is nearest.  Ordered by
/// receiver, then sender.
[[nodiscard]] std::vector<Transfer> exchange(const Network& network, const Plan& plan,
                                             const Delivery& delivery, int position);

/// Bytes that all ranks together send for one frame.
[[nodiscard]] std::size_t bytes_moved(const Network& network, const Plan& plan,
                                      const Delivery& delivery);

}  // namespace vpinfer
