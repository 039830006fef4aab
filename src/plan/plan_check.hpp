#pragma once

#include "net/network.hpp"
#include "vpinfer/plan.hpp"

namespace vpinfer {

/// All of what follows, for a plan of whatever origin.
void check_plan(const Plan& plan, const Network& network);

/// Throws BadInput if the plan has not the network's layers, if a box leaves its layer, if some
/// output is owned by nobody, if a head's channels are divided, or if the input is not on rank 0.
/// Every layer of the plan has its ranks.
void check_layouts(const Plan& plan, const Network& network);

/// Throws BadInput if the divided sums of the layer at `position` are not those of a convolution
/// without groups, or do not make what the ranks own of it.
void check_sums(const LayerPlan& layer, const Network& network, int position);

}  // namespace vpinfer
