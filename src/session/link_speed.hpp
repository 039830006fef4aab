#pragma once

#include <chrono>

#include "comm/channel.hpp"
#include "session/announce.hpp"
#include "vpinfer/cluster.hpp"

namespace vpinfer {

/// A link, and what it brings each way at the same time, in bytes per second.
struct MeasuredLink {
  Link link;
  double alone_rate = 0;     ///< with rank 0 while the others are silent, or as good while they talk
  double together_rate = 0;  ///< with the ranks beside it while all talk

  /// Whether the hosts have to share what carries their messages, as on Wi-Fi or a hub.
  [[nodiscard]] bool is_shared() const;
};

/// Measures this host's link for about so long: collective.  A link that is
/// shared has the rate while all talk, any other the one alone; a message's time includes what
/// ranks that compute meanwhile need to notice it.
[[nodiscard]] MeasuredLink measure_link(Channel& channel, std::chrono::duration<double> patience,
                                const Announce& announce = {});

}  // namespace vpinfer
