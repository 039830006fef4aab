#include "search/simulated_network.hpp"

#include <algorithm>

namespace vpinfer {

Passage SimulatedNetwork::send(int from, int to, std::size_t bytes, double time) {
  const Link& sender = cluster_.host(from).link;
  const Link& receiver = cluster_.host(to).link;
  double& up = up_[static_cast<std::size_t>(from)];
  double& down = down_[static_cast<std::size_t>(to)];
  const double begins = std::max(time, up);
  const double leaving = static_cast<double>(bytes) / sender.bytes_per_second;
  up = begins + leaving;
  double left_here = up;
  if (bytes > kEagerBytes) {
    left_here = std::max(up, left(to, from) + leaving);
    left(from, to) = left_here;
  }
  down = std::max(left_here,
                  std::max(begins, down) + static_cast<double>(bytes) / receiver.bytes_per_second);
  return {left_here, down + std::max(sender.message_seconds, receiver.message_seconds)};
}

}  // namespace vpinfer
