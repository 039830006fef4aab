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
class SimulatedNetwork {
 public:
  explicit SimulatedNetwork(const Cluster& cluster)
      : cluster_(cluster), up_(cluster.hosts.size(), 0.0), down_(cluster.hosts.size(), 0.0) {}

  /// Takes a message that is sent at a time, in seconds.  It queues behind those that were taken
  /// before, even if it is sent earlier: ranks advance in turns of a few messages.
  [[nodiscard]] Passage send(int from, int to, std::size_t bytes, double time);

 private:
  const Cluster& cluster_;
  std::vector<double> up_;  // when each host's link will be free
  std::vector<double> down_;
};

}  // namespace vpinfer
