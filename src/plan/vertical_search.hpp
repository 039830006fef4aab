#pragma once

#include "plan/planner.hpp"

namespace vpinfer {

/// The `vertical` plan: see planner.hpp.
[[nodiscard]] Plan search_vertical(const Network& network, const Plan& undivided,
                                   const PlanningOptions& options);

}  // namespace vpinfer
