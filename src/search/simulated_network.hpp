#pragma once

#include <cstddef>
#include <vector>

#include "vpinfer/cluster.hpp"

namespace vpinfer {

/// When a message's bytes have left a host, and when they are all at another.
struct Passage {
  double left = 0;
  double arrived = 0;
};

/// A switch with a link to every host.  A link serves one message after another in each direction,
/// and a message passes through it while it still leaves its sender.
///
/// A message beyond `kEagerBytes` leaves when its receiver has said that it has a place for it, as
/// Open MPI has it over TCP.  Two ranks have one connection, so that word waits until what its
/// sender is sending the other way has left: large messages between two ranks do not pass each
/// other.
class SimulatedNetwork {
 public:
  static constexpr std::size_t kEagerBytes = 65536;

  explicit SimulatedNetwork(const Cluster& cluster)
      : cluster_(cluster),
        up_(cluster.hosts.size(), 0.0),
        down_(cluster.hosts.size(), 0.0),
        left_(cluster.hosts.size() * cluster.hosts.size(), 0.0) {}

  /// Takes a message that is sent at a time, in seconds.  It queues behind those that were taken
  /// before, even if it is sent earlier: ranks advance in turns of a few messages.
  [[nodiscard]] Passage send(int from, int to, std::size_t bytes, double time);

 private:
  /// When the large messages from one host to another will have left.
  [[nodiscard]] double& left(int from, int to) {
    return left_[static_cast<std::size_t>(from) * up_.size() + static_cast<std::size_t>(to)];
  }

  const Cluster& cluster_;
  std::vector<double> up_;  // when each host's link will be free
  std::vector<double> down_;
  std::vector<double> left_;  // by hosts from and to
};

}  // namespace vpinfer
