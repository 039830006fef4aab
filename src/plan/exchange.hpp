#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "plan/demand.hpp"

namespace vpinfer {

/// One box of one layer's output on its way: from its owner to a rank that needs it, or of partial
/// sums, from a rank that has them to the box's owner.
struct Transfer {
  int from = 0;
  int to = 0;
  Box box;
  bool operator==(const Transfer&) const = default;
};

/// Everything that moves once the output at `position` is computed: to each rank, what it needs and
/// does not own, each element exactly once, from the owner whose rank is nearest.  Ordered by
/// receiver, then sender.
[[nodiscard]] std::vector<Transfer> transfers_of_output(const Demand& demand,
                                                        const Distribution& distribution,
                                                        int position);

/// Partial sums that move once all ranks have theirs of the convolution at `position`: from every
/// rank that has some of a box to the rank that owns it.  Ordered likewise.
[[nodiscard]] std::vector<Transfer> transfers_of_sums(const Distribution& distribution,
                                                      int position);

/// All that one rank sends another at once, box after box.
struct Message {
  int from = 0;
  int to = 0;
  std::span<const Box> boxes;  ///< kept by the exchange
  std::size_t bytes = 0;       ///< that they take on the wire
};

/// The messages of one layer's output, or of its partial sums: what the cost of a plan, its memory
/// and its execution are all made of.
class Exchange {
 public:
  /// Makes one message of all transfers from one rank to another; they come ordered as above.
  Exchange(int ranks, WireFormat wire, const std::vector<Transfer>& transfers);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() = default;

  [[nodiscard]] WireFormat wire() const { return wire_; }
  [[nodiscard]] bool empty() const { return parcels_.empty(); }
  /// The messages that a rank receives, by their senders.
  [[nodiscard]] std::vector<Message> to(int rank) const;
  /// The messages that a rank sends, by their receivers.
  [[nodiscard]] std::vector<Message> from(int rank) const;
  /// How many a rank sends and receives.
  [[nodiscard]] std::size_t messages(int rank) const;
  [[nodiscard]] std::size_t received_bytes(int rank) const;
  [[nodiscard]] std::size_t sent_bytes(int rank) const;
  /// That all ranks together send.
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Parcel {
    int from = 0;
    int to = 0;
    std::uint32_t first_box = 0;
    std::uint32_t boxes = 0;
  };
  /// What a rank has to do with it.
  struct Share {
    std::size_t first_received = 0;  ///< of `received` parcels in a row
    std::size_t received = 0;
    std::size_t first_sent = 0;  ///< in `by_sender_`
    std::size_t sent = 0;
    std::size_t received_bytes = 0;
    std::size_t sent_bytes = 0;
  };

  [[nodiscard]] Message message(const Parcel& parcel) const;
  [[nodiscard]] const Share& share(int rank) const {
    return shares_[static_cast<std::size_t>(rank)];
  }

  WireFormat wire_;
  std::vector<Box> boxes_;       // of all parcels
  std::vector<Parcel> parcels_;  // by receiver, then sender
  std::vector<std::uint32_t> by_sender_;
  std::vector<Share> shares_;  // by rank
};

/// Everything that moves for one frame.  Plans that differ in few layers share what is the same.
class Exchanges {
 public:
  using Shared = std::shared_ptr<const Exchange>;

  Exchanges() = default;
  Exchanges(const Demand& demand, const Distribution& distribution);
  /// The same, computed only where the plan differs from one whose exchanges are known.
  Exchanges(const Demand& demand, const Distribution& distribution, const Plan& known_plan,
            const Exchanges& known);

  /// Of a layer's output, to those who read it.
  [[nodiscard]] const Shared& output(int position) const {
    return outputs_[static_cast<std::size_t>(position)];
  }
  /// Of a layer's partial sums; null if its sums are not divided.
  [[nodiscard]] const Shared& sums(int position) const {
    return sums_[static_cast<std::size_t>(position)];
  }
  /// Bytes that all ranks together send for one frame.
  [[nodiscard]] std::size_t bytes() const;

 private:
  std::vector<Shared> outputs_;  // by position, none null
  std::vector<Shared> sums_;     // by position
};

/// A network under a plan, who wants its outputs, and what therefore moves.  All must outlive it.
struct Traffic {
  const Demand& demand;
  const Distribution& distribution;
  const Exchanges& exchanges;
};

}  // namespace vpinfer
