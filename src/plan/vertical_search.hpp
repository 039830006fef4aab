#pragma once

#include "vpinfer/plan/plan.hpp"

namespace vpinfer {

/// The `vertical` plan: see planner.hpp.
[[nodiscard]] Plan search_vertical(const Network& network, int ranks);

}  // namespace vpinfer
