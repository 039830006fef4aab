#pragma once

#include <cstddef>
#include <vector>

#include "plan/distribution.hpp"

namespace vpinfer {

/// What a run hands to rank 0 beside computing it: positions of layers, in increasing order.
using Delivery = std::vector<int>;

/// Who wants a network's outputs: the layers that read them, and rank 0 those that are delivered.
/// The network must outlive it.
class Demand {
 public:
  /// A layer that takes an output as its input number `index`.
  struct Reader {
    int position = 0;
    std::size_t index = 0;
  };

  Demand(const Network& network, Delivery delivery);

  [[nodiscard]] const Network& network() const { return network_; }
  [[nodiscard]] const std::vector<Reader>& readers(int position) const {
    return readers_[static_cast<std::size_t>(position)];
  }
  [[nodiscard]] bool is_delivered_to(int position, int rank) const;

  /// What `rank` reads of the output at `position`: the receptive fields of its boxes in all
  /// readers, and everything if the layer is delivered and the rank is 0.  Boxes may overlap.
  [[nodiscard]] std::vector<Box> needed(const Distribution& distribution, int position,
                                        int rank) const;
  /// The smallest box that holds all of that.
  [[nodiscard]] Box hull_of_needs(const Distribution& distribution, int position, int rank) const;

 private:
  const Network& network_;
  Delivery delivery_;
  std::vector<std::vector<Reader>> readers_;  // by position
};

}  // namespace vpinfer
