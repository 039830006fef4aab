#pragma once

#include "plan/demand.hpp"
#include "vpinfer/cluster.hpp"
#include "vpinfer/prediction.hpp"

namespace vpinfer {

/// What a plan takes on a cluster when the delivered layers are brought to rank 0: memory as the
/// programs of all ranks have it, times as simulating them tells.
[[nodiscard]] Prediction predict(const Distribution& distribution, const Delivery& delivery,
                                 const Cluster& cluster, const Concurrency& concurrency);

}  // namespace vpinfer
