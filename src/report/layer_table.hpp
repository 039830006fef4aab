#pragma once

#include <string>

#include "net/network.hpp"
#include "plan/distribution.hpp"
#include "vpinfer/cluster.hpp"
#include "vpinfer/prediction.hpp"

namespace vpinfer {

/// What takes the most of a layer's time, in a few words: `compute`, `slow host pi3-2` or
/// `largest share, rank 2` if that rank computes for much longer than others, `messages`, `link`,
/// `waiting for rank 0`.  Nothing for a layer that takes no time.
[[nodiscard]] std::string limit_of(const Distribution& distribution, int position,
                                   const LayerTime& time, const Cluster& cluster);

/// A table of how each layer is divided, where its predicted time goes, what moves for it and what
/// limits it; a last line adds up to the latency.
[[nodiscard]] std::string describe_layer_times(const Distribution& distribution,
                                               const Prediction& prediction,
                                               const Cluster& cluster);

}  // namespace vpinfer
