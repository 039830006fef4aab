#pragma once

#include <cstddef>
#include <optional>

#include "vpinfer/plan/planner.hpp"

namespace vpinfer {

/// The `vertical` plan: see planner.hpp.
[[nodiscard]] Plan search_vertical(const Network& network, int ranks, Objective objective,
                                   std::optional<std::size_t> memory_limit_bytes);

}  // namespace vpinfer
