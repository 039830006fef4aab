#pragma once

#include <vector>

#include "net/network.hpp"
#include "vpinfer/plan.hpp"

namespace vpinfer {

/// How many ranks each stage of a plan has.  Stages follow from the boxes, whatever strategy the
/// plan is named after.  A stage is a team of one or several ranks:
///
/// - the first is that of rank 0, which has the input;
/// - in the network's order, a layer with ranks of the last stage belongs to it, with all its
///   ranks, and one with none begins the next;
/// - the heads, which rank 0 keeps, and what is computed wherever it is read, see
///   `is_cheaper_repeated`, do not count.
///
/// If a layer has ranks of an earlier stage, a frame comes back, and there is one stage in all.
[[nodiscard]] std::vector<int> stage_sizes(const Network& network, const Plan& plan);

/// How many stages a plan has, so that as many frames may be under way at once, each in a stage of
/// its own.
[[nodiscard]] int count_stages(const Network& network, const Plan& plan);

}  // namespace vpinfer
