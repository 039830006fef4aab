#pragma once

#include "vpinfer/plan/planner.hpp"

namespace vpinfer {

/// The `vertical` plan: see planner.hpp.
[[nodiscard]] Plan search_vertical(const Network& network, int ranks,
                                   const PlanningOptions& options);

}  // namespace vpinfer
