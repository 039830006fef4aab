#pragma once

#include "net/network.hpp"
#include "vpinfer/plan.hpp"

namespace vpinfer {

/// Whether a plan is a pipeline of stages, so that several frames may be under way at once, each in
/// a stage of its own.  It follows from the boxes, whatever strategy the plan is named after:
///
/// - every layer lies on one rank as a whole, and in the network's order no layer on an earlier
///   rank than the layer before;
/// - except for the input and the heads, which rank 0 keeps, and for what is computed wherever it
///   is read, see `is_cheaper_repeated`;
/// - more than one rank takes part.
[[nodiscard]] bool is_pipeline(const Network& network, const Plan& plan);

}  // namespace vpinfer
