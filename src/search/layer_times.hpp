#pragma once

#include <vector>

#include "plan/exchange.hpp"
#include "program/program.hpp"
#include "search/simulation.hpp"
#include "vpinfer/prediction.hpp"

namespace vpinfer {

/// Adds to a prediction where the time of each layer goes, by the simulation of these programs, and
/// what moves for it.
void add_layer_times(const Demand& demand, const Exchanges& exchanges,
                     const std::vector<Program>& programs, const Simulation& simulation,
                     Prediction& prediction);

}  // namespace vpinfer
