#include "search/simulated_network.hpp"

#include <algorithm>

namespace vpinfer {

Passage SimulatedNetwork::send(int from, int to, std::size_t bytes, double time) {
  const Link& sender = cluster_.host(from).link;
  const Link& receiver = cluster_.host(to).link;
  double& up = up_[static_cast<std::size_t>(from)];
  double& down = down_[static_cast<std::size_t>(to)];
  const double begins = std::max(time, up);
  up = begins + static_cast<double>(bytes) / sender.bytes_per_second;
  down =
      std::max(up, std::max(begins, down) + static_cast<double>(bytes) / receiver.bytes_per_second);
  return {up, down + std::max(sender.message_seconds, receiver.message_seconds)};
}

}  // namespace vpinfer
