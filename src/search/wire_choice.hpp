#pragma once

#include "net/network.hpp"
#include "vpinfer/cluster.hpp"
#include "vpinfer/planning.hpp"

namespace vpinfer {

/// The same boxes, each exchange in the format in which it takes the least time on the cluster,
/// that of encoding and decoding included.  Bytes go where they save the most: noise adds up along
/// every path from the input, in squares because rounding is independent, and stays below
/// `kMostRoundingNoise`.  Results and partial sums travel as halves at least.
[[nodiscard]] Plan with_fastest_wires(const Network& network, const Cluster& cluster, Plan plan);

/// The same boxes in the formats of the options, or in the fastest.
[[nodiscard]] Plan in_formats_of(const PlanningOptions& options, Plan plan, const Network& network,
                                 const Cluster& cluster);

/// For searching among boxes: where formats are chosen afterwards, bytes travel.
[[nodiscard]] PlanningOptions with_wire_to_search_for(PlanningOptions options);

}  // namespace vpinfer
