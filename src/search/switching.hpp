#pragma once

#include "search/layer_divisions.hpp"

namespace vpinfer {

/// The ways in which to cut layers after each other that take the least time by a dynamic program:
/// what each layer takes if all are cut alike, and what it costs to change from one way to another
/// between two layers.  Whatever skips over a change is counted once, so that it is exact for
/// chains and a good start for others.  One result for each price, in seconds per byte, of the
/// weights on the fullest rank.  All layers of the space have the same ways.
[[nodiscard]] std::vector<Digits> best_switches(const Evaluator& evaluator,
                                                const LayerDivisions& space,
                                                const std::vector<double>& prices_of_byte);

}  // namespace vpinfer
