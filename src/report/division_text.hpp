#pragma once

#include <string>

#include "net/network.hpp"
#include "vpinfer/plan.hpp"

namespace vpinfer {

/// How a layer with such an output is divided among ranks, by axes and the number of parts along
/// each, with the smallest and largest part if they differ: `whole on rank 3`, `repeated`,
/// `8 rows of 6-7`, `4 rows x 2 channels`, `2 rows x 4 sums, 8 of 9 ranks`.
[[nodiscard]] std::string division_text(const LayerPlan& layer, const Shape& output);

/// How a plan divides a network, in short: `stages on 2, 1, 1 hosts`, of many stages
/// `16 stages of 1-7 hosts`; or the few ways in which it cuts most convolutions and poolings, in
/// their order, without sizes: `4 rows x 2 cols, 8 channels, 8 sums`, with `and others` if there
/// are more.
[[nodiscard]] std::string division_text(const Network& network, const Plan& plan);

}  // namespace vpinfer
