#pragma once

#include <string>

#include "vpinfer/plan.hpp"

namespace vpinfer {

/// How a layer with such an output is divided among ranks, by axes and the number of parts along
/// each, with the smallest and largest part if they differ: `whole on rank 3`, `repeated`,
/// `8 rows of 6-7`, `4 rows x 2 channels`, `2 rows x 4 sums, 8 of 9 ranks`.
[[nodiscard]] std::string division_text(const LayerPlan& layer, const Shape& output);

}  // namespace vpinfer
