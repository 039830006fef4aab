#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "comm/channel.hpp"
#include "session/announce.hpp"
#include "vpinfer/cluster.hpp"

namespace vpinfer {

/// What a link brings each way at the same time, in bytes per second.
struct LinkRates {
  double alone = 0;     ///< with rank 0 while the others are silent, or together if that is more
  double together = 0;  ///< with the ranks beside it while all talk
};

struct MeasuredLink {
  Link link;  ///< at the rate alone
  LinkRates rates;
};

/// Measures this host's link: collective, for about so long and a little more for every rank.  A
/// message's time includes what ranks that compute meanwhile need to notice it.
[[nodiscard]] MeasuredLink measure_link(Channel& channel, std::chrono::duration<double> patience,
                                        const Announce& announce = {});

/// Whether a rank's messages have to share what carries them with those of others, as on Wi-Fi or a
/// hub: while all talk it gets far less than alone, and than the ranks beside it can take.
[[nodiscard]] bool is_shared(const std::vector<LinkRates>& rates, std::size_t rank);

}  // namespace vpinfer
