#pragma once

#include <cstddef>
#include <vector>

namespace vpinfer {

/// A host's way into the network, the same in both directions.
struct Link {
  double bytes_per_second = 0;
  double exchange_seconds = 0;  ///< that an exchange costs beside its bytes
  double byte_seconds = 0;      ///< of the processor, for a byte that it sends or receives
};

/// A machine that runs one rank.
struct Host {
  double flop_per_second = 0;  ///< of convolutions, by all its threads
  Link link;
};

/// What there is to run a network on.
struct Cluster {
  std::vector<Host> hosts;  ///< by rank

  [[nodiscard]] int ranks() const { return static_cast<int>(hosts.size()); }
  [[nodiscard]] const Host& host(int rank) const { return hosts[static_cast<std::size_t>(rank)]; }
};

/// A Raspberry Pi 4 on Gigabit Ethernet; the numbers are estimates.
[[nodiscard]] Host raspberry_pi_4();

/// So many of the same.
[[nodiscard]] Cluster cluster_of(int hosts, const Host& host);

}  // namespace vpinfer
