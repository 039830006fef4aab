#pragma once

#include <optional>
#include <vector>

#include "net/network.hpp"
#include "search/front.hpp"
#include "vpinfer/cluster.hpp"
#include "vpinfer/planning.hpp"

namespace vpinfer {

/// The best plan that is found for the options' objective, the shares of hosts in proportion to
/// their speed: on all hosts, or on some of the fastest where the others only slow them down;
/// layers cut in grids, which a dynamic program chooses and a search turns one by one; stages;
/// fused runs of tiles.  Of all these, what a simulation finds best within each host's memory.
/// Throws Error with kNotEnoughMemory, naming the host, if no plan fits.
[[nodiscard]] Plan plan_automatically(const Network& network, const Cluster& cluster,
                                      const PlanningOptions& options);

/// The same; nothing instead of that error, for which more plans are made: how many hosts would do.
[[nodiscard]] std::optional<Plan> plan_automatically_if_it_fits(const Network& network,
                                                                const Cluster& cluster,
                                                                const PlanningOptions& options);

/// Of all plans that are found for any objective, those that no other beats, the fastest for a
/// frame alone first.  Throws likewise.
[[nodiscard]] std::vector<PredictedPlan> plan_front(const Network& network, const Cluster& cluster,
                                                    const PlanningOptions& options);

}  // namespace vpinfer
