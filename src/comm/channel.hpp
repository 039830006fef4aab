#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "comm/communicator.hpp"

namespace vpinfer {

/// For example `rank 3 (pi-4)`.
[[nodiscard]] std::string name_of(const Communicator& communicator, int rank);

/// How the ranks of a job talk before, between and after frames: texts by collective calls, which
/// all ranks make in the same order, and weights from one rank to another.
///
/// Every wait has a deadline and throws Error with kRankFailed, naming the rank and its host.
/// Collective calls go through rank 0, which waits for twice the timeout: longer than for a border,
/// because a rank that waits for a border in vain knows better who is to blame.  The others wait
/// for three times the timeout, because rank 0 knows better who keeps them all waiting.
class Channel {
 public:
  /// The communicator must outlive it.
  Channel(Communicator& communicator, std::chrono::duration<double> timeout);

  [[nodiscard]] Communicator& communicator() const { return communicator_; }
  [[nodiscard]] int rank() const { return communicator_.rank(); }
  [[nodiscard]] int size() const { return communicator_.size(); }
  [[nodiscard]] std::string host(int rank) const { return communicator_.host(rank); }
  /// For example `rank 3 (pi-4)`.
  [[nodiscard]] std::string name(int rank) const { return name_of(communicator_, rank); }
  [[nodiscard]] std::chrono::duration<double> timeout() const { return timeout_; }

  /// Rank 0's text, on every rank.  Collective.
  std::string broadcast(std::string text);
  /// Every rank's text by rank on rank 0, nothing elsewhere.  Rank 0 calls `meanwhile` time and
  /// again as long as it waits.  Collective.
  std::vector<std::string> gather(std::string text, const std::function<void()>& meanwhile = {});
  /// Every rank's line of text, by rank, on every rank.  Collective.
  std::vector<std::string> all_gather(const std::string& line);
  /// Returns once all ranks have called it.  Collective.
  void barrier();
  /// From this rank to a peer, which receives as many.
  void send(std::span<const float> values, int peer);
  void receive(std::span<float> values, int peer);
  /// Sends to one peer and receives from another at the same time.
  void exchange(std::span<const float> sent, int to, std::span<float> received, int from);

 private:
  class Patience;

  Communicator& communicator_;
  std::chrono::duration<double> timeout_;
};

}  // namespace vpinfer
