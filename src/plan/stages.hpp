#pragma once

#include "plan/layouts.hpp"
#include "plan/planner.hpp"

namespace vpinfer {

/// Stages of consecutive layers, a rank each, such that the stage with the most work has as little
/// as possible, and no stage takes more memory than the options' limit if that can be.
[[nodiscard]] Plan plan_stages(const Demand& demand, const Plan& undivided,
                               const PlanningOptions& options);

}  // namespace vpinfer
