#pragma once

#include <string>
#include <vector>

#include "report/front_table.hpp"

namespace vpinfer {

/// A picture of a front beside the strategies, as SVG: memory of the fullest rank against
/// milliseconds a frame on the left, against frames per second on the right.  Plans have the
/// numbers that `describe_front` gives them; what does not fit is not drawn.
[[nodiscard]] std::string front_svg(const std::string& title, const std::string& subtitle,
                                    const std::vector<PredictedPlan>& front,
                                    const std::vector<ComparedStrategy>& strategies);

}  // namespace vpinfer
