#pragma once

#include <optional>

#include "plan/layouts.hpp"

namespace vpinfer {

/// Tiles whose borders are exchanged once per run of layers: within a run every rank computes the
/// overlap itself (fused tile partitioning: Zhao et al., DeepThings, TCAD 2018).  Runs have so many
/// convolutions and poolings, or, without a number, as many as a cluster of Raspberry Pis on
/// Gigabit Ethernet is predicted to be fastest with.
[[nodiscard]] Plan plan_fused_tiles(const Network& network, const Plan& undivided,
                                    std::optional<int> run_length);

}  // namespace vpinfer
