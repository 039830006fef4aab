#pragma once

#include <vector>

#include "program/outline.hpp"
#include "program/step.hpp"

namespace vpinfer {

/// What a rank does for a frame, given its tensors.
[[nodiscard]] std::vector<Step> write_steps(const Traffic& traffic, const TensorOutlines& tensors,
                                            int rank);

}  // namespace vpinfer
