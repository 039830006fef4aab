#pragma once

#include <span>

#include "net/candidates.hpp"
#include "vision/collector.hpp"

namespace vpinfer {

/// The mean of a distribution over 0, 1, 2, ...
[[nodiscard]] float mean_of(std::span<const float> distribution);

/// Collects the boxes of a head's output, [candidates][1][channels].
void collect_candidates(const Candidates& head, std::span<const float> output,
                        Collector& collector);

}  // namespace vpinfer
