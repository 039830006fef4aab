#pragma once

#include "net/network.hpp"
#include "vpinfer/plan.hpp"

namespace vpinfer {

/// Throws BadInput if a box leaves its layer, if some output is owned by nobody, if a head's
/// channels are divided, or if the input is not on rank 0.  The plan has every layer and rank.
void check_layouts(const Plan& plan, const Network& network);

/// Throws BadInput if the divided sums of the layer at `position` are not those of a convolution
/// without groups, or do not make what the ranks own of it.
void check_sums(const LayerPlan& layer, const Network& network, int position);

}  // namespace vpinfer
