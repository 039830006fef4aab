#pragma once

#include "vpinfer/cluster.hpp"

namespace vpinfer {

/// The same hosts, of which those that measuring can hardly tell apart have the means of what was
/// measured: shares that followed the noise would make the one that was measured too fast the
/// slowest.  Memory stays each one's own.
[[nodiscard]] Cluster with_like_hosts_levelled(Cluster cluster);

}  // namespace vpinfer
