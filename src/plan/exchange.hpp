#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

#include "plan/plan.hpp"

namespace vpinfer {

/// One box of one layer's output on its way: from its owner to a rank that needs it, or of partial
/// sums, from a rank that has them to the box's owner.
struct Transfer {
  int from = 0;
  int to = 0;
  Box box;
  bool operator==(const Transfer&) const = default;
};

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
  [[nodiscard]] const Delivery& delivery() const { return delivery_; }
  [[nodiscard]] const std::vector<Reader>& readers(int position) const {
    return readers_[static_cast<std::size_t>(position)];
  }
  [[nodiscard]] bool is_delivered_to(int position, int rank) const;

 private:
  const Network& network_;
  Delivery delivery_;
  std::vector<std::vector<Reader>> readers_;  // by position
};

/// What `rank` reads of the output at `position`: the receptive fields of its boxes in all readers,
/// and everything if the layer is delivered and the rank is 0.  Boxes may overlap.
[[nodiscard]] std::vector<Box> needed_boxes(const Demand& demand, const Plan& plan, int position,
                                            int rank);

/// The smallest box that holds all needed boxes.
[[nodiscard]] Box hull_of_needs(const Demand& demand, const Plan& plan, int position, int rank);

/// Everything that moves once the output at `position` is computed: to each rank, what it needs and
/// does not own, each element exactly once, from the owner whose rank is nearest.  Ordered by
/// receiver, then sender.
[[nodiscard]] std::vector<Transfer> exchange(const Demand& demand, const Plan& plan, int position);

/// Partial sums that move once all ranks have theirs of the convolution at `position`: from every
/// rank that sums over some channels to every other one that owns a box of the output, that box.
/// Ordered as by `exchange`.
[[nodiscard]] std::vector<Transfer> exchange_of_sums(const Network& network, const Plan& plan,
                                                     int position);

/// Everything that moves for one frame.  Plans that differ in few layers share what is the same.
struct Exchanges {
  using Shared = std::shared_ptr<const std::vector<Transfer>>;
  std::vector<Shared> outputs;  ///< by position, see `exchange`; never null
  std::map<int, Shared> sums;   ///< by position, see `exchange_of_sums`; never null
};

[[nodiscard]] Exchanges all_exchanges(const Demand& demand, const Plan& plan);
/// The same, computed only where the plan differs from one whose exchanges are known.
[[nodiscard]] Exchanges all_exchanges(const Demand& demand, const Plan& plan,
                                      const Plan& known_plan, const Exchanges& known);

/// Bytes that all ranks together send for one frame.
[[nodiscard]] std::size_t bytes_moved(const Exchanges& exchanges, WireFormat wire);

}  // namespace vpinfer
