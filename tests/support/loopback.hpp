#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "comm/communicator.hpp"

namespace vpinfer {

struct LoopbackState;

/// Virtual ranks that send messages to each other within one process; each rank has its own thread.
///
/// As unhelpful as MPI may be: a message arrives late, in any order between different senders and
/// tags, at any time after its receive was started; a send copies its buffer at once or only when
/// the receiver takes it; test() fails now and then for no reason; the buffer of a started receive
/// holds NaN until its message comes.  Ranks may also be made slow or silent.  Misuse (starting
/// what is active, destroying what is active, messages of the wrong size) throws std::logic_error.
class Loopback {
 public:
  Loopback(int ranks, std::uint32_t seed);
  ~Loopback();
  Loopback(const Loopback&) = delete;
  Loopback& operator=(const Loopback&) = delete;

  [[nodiscard]] Communicator& rank(int rank);
  [[nodiscard]] int size() const;
  /// From now on, what one rank sends the other is lost; the sender notices only if a send waits
  /// for its receiver.
  void cut(int from, int to);
  /// From now on, nothing that this rank sends arrives.
  void silence(int rank);
  /// From now on, what this rank sends arrives so much later.
  void delay(int rank, std::chrono::duration<double> delay);
  /// A line for every message that nobody has received and for every misuse in a destructor.
  [[nodiscard]] std::vector<std::string> complaints() const;

 private:
  std::shared_ptr<LoopbackState> state_;
  std::vector<std::unique_ptr<Communicator>> ranks_;
};

/// Runs `work` for every rank, each on its own thread; returns what the ranks threw, one line each.
[[nodiscard]] std::vector<std::string> run_ranks(
    Loopback& loopback, const std::function<void(Communicator& communicator)>& work);

}  // namespace vpinfer
