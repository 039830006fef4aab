#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "plan/exchange.hpp"

namespace vpinfer {

/// Plans of every strategy, fused tiles and random ones; `auto` and stages of teams for hosts that
/// are all different, unless they are many.
[[nodiscard]] std::vector<Plan> every_plan(const Network& network, int ranks, std::uint32_t seed);

/// Calls `check` for random networks of all seeds of the interval and for plans of every kind on 1
/// to 9 ranks and on more ranks than any layer has rows, some with halves or bytes on the wire;
/// stops at the first network that fails. The trace of a failure names seed, ranks and plan.
void for_every_plan(Interval seeds,
                    const std::function<void(const Network& network, const Plan& plan)>& check);

/// The same plan with such a format on the wire.
[[nodiscard]] Plan with_wire(Plan plan, WireFormat wire);
/// The same plan with all convolutions by im2col and BLAS.
[[nodiscard]] Plan with_blas(Plan plan);

/// Everything is delivered.
[[nodiscard]] Delivery all_layers(const Network& network);

}  // namespace vpinfer
