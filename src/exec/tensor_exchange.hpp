#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "comm/communicator.hpp"
#include "exec/counters.hpp"
#include "kernel/computation.hpp"
#include "program/program.hpp"

namespace vpinfer {

/// All messages of one tensor in one arena: packed, let go, taken in and unpacked here.
class TensorExchange {
 public:
  /// Messages go by `tag`.  The referenced objects must outlive the exchange.
  TensorExchange(const Tensor& tensor, std::span<std::byte> arena, Communicator& communicator,
                 int tag, ExecutionCounters& counters);

  /// Lets the peers' boxes come.
  void post_receives();
  /// Takes in what has arrived, without waiting.  Partial sums stay in their messages.
  void receive();
  [[nodiscard]] bool has_received(std::size_t message) const { return arrived_[message]; }
  [[nodiscard]] bool has_received_all() const { return !receives_->unfinished(); }

  /// Packs the boxes that peers need and lets them go.
  void send();
  /// Whether all of them have left.
  [[nodiscard]] bool finish_sends();

  /// A peer whose boxes have not arrived, or to whom some have not left.
  [[nodiscard]] int peer_not_heard() const;
  [[nodiscard]] int peer_not_reached() const;

  /// What is added up of partial sums: a rank's own, if it has some, then those received.
  [[nodiscard]] std::span<const PartialSums> parts() const { return parts_; }

 private:
  [[nodiscard]] std::vector<Endpoint> endpoints(const std::vector<PlacedMessage>& messages) const;
  [[nodiscard]] std::optional<std::size_t> test(Transfers& transfers);
  void pack(const PlacedMessage& message);
  void unpack(const PlacedMessage& message);

  const Tensor& tensor_;
  std::span<std::byte> arena_;
  ExecutionCounters& counters_;
  std::unique_ptr<Transfers> receives_;
  std::unique_ptr<Transfers> sends_;
  std::vector<bool> arrived_;  // which receives
  std::vector<PartialSums> parts_;
};

/// A stored part of an output in an arena.
[[nodiscard]] TensorView view(std::span<std::byte> arena, const Storage& storage);

}  // namespace vpinfer
