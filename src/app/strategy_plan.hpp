#pragma once

#include "search/front.hpp"
#include "vpinfer/model.hpp"

namespace vpinfer {

/// What a strategy makes of a model on a cluster.  Throws Error with kNotEnoughMemory if a rank
/// would take more than its host has or than the limit.
[[nodiscard]] PredictedPlan plan_within_memory(const Model& model, Strategy strategy,
                                               const Cluster& cluster,
                                               const PlanningOptions& planning);

}  // namespace vpinfer
