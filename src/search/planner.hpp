#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "net/network.hpp"
#include "vpinfer/cluster.hpp"
#include "vpinfer/plan.hpp"
#include "vpinfer/planning.hpp"

namespace vpinfer {

/// For more hosts than these, plans of the other strategies than `auto` are not made by the way:
/// each takes seconds.
inline constexpr int kMostSoonPlannedHosts = 64;

/// Makes a plan with a rank on each host of the cluster.  A strategy is a restriction of all
/// choices, and what is minimised among them:
///
/// - `single`: rank 0 owns every box; the other ranks own nothing.
/// - `data`: every layer is cut into tiles of rows; every rank needs all weights.  Borders are
///   exchanged once per run of layers; as many runs are joined as lower the predicted latency.
/// - `horizontal`: every layer's channels are shared out; every rank needs all of what it reads,
///   or where that moves fewer bytes, the convolution's sums are divided.
/// - `sequential`: stages of consecutive layers, a rank each, within each host's memory.
/// - `vertical`: tiles where activations are large and weights small, shares of the channels,
///   divided sums or grids of both where it is the other way round.  Which layer gets which is
///   searched: the switch of tiles to shares that needs the least memory on the fullest rank says
///   how much it may take within the limit: for the least memory 1/64 more, for latency 1/7 more or
///   as much as the limit, and without an objective 1/64 and some 3 MiB more, which a process that
///   has loaded its libraries does not notice.  From the fastest such switch, layers are turned one
///   by one while that lowers a cost of predicted time and memory.
///
/// - `auto`: no restriction, see `plan_automatically`.
///
/// Where numbers are cheaper on the wire, more of them may pay; no plan moves more bytes than that
/// for a more exact format all the same, but those of `auto`, which may use more hosts, and where
/// that one's boxes do not fit the memory.  Where formats chosen for each exchange do not fit, all
/// are halves.
///
/// Layers that only move elements (route, reorg) are computed wherever they are read, so what they
/// join travels once.  Rank 0 has the input and the heads.  Deterministic: every rank that calls
/// this gets the same plan.
[[nodiscard]] Plan make_plan(const Network& network, Strategy strategy, const Cluster& cluster,
                             const PlanningOptions& options = {});
/// The same for so many Raspberry Pis 4.
[[nodiscard]] Plan make_plan(const Network& network, Strategy strategy, int ranks,
                             const PlanningOptions& options = {});

/// The same hosts, of none of which a rank may take more than the limit, if there is one.
[[nodiscard]] Cluster within_limit(Cluster cluster, std::optional<std::size_t> limit);

/// Bytes that each rank may take of its host; where no limit is known, the most that there are.
[[nodiscard]] std::vector<std::size_t> memory_limits(const Cluster& cluster);

}  // namespace vpinfer
