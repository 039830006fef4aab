#pragma once

#include <cstddef>
#include <optional>

#include "layouts.hpp"

namespace vpinfer {

/// Stages of consecutive layers, a rank each, such that the stage with the most work has as little
/// as possible, and no stage takes more memory than the limit if that can be.
[[nodiscard]] Plan plan_stages(const Demand& demand, const Plan& undivided,
                               std::optional<std::size_t> memory_limit_bytes);

}  // namespace vpinfer
