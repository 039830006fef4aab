#pragma once

#include <chrono>

#include "comm/channel.hpp"
#include "session/announce.hpp"
#include "vpinfer/cluster.hpp"

namespace vpinfer {

/// Measures this host's link, with all ranks talking, for about so long: collective.  The bytes per
/// second of a link are those of its best exchange, with the ranks beside it in a ring or with rank
/// 0 alone; a message's time includes what ranks that compute meanwhile need to notice it.
[[nodiscard]] Link measure_link(Channel& channel, std::chrono::duration<double> patience,
                                const Announce& announce = {});

}  // namespace vpinfer
