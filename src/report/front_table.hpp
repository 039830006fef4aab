#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/network.hpp"
#include "search/front.hpp"

namespace vpinfer {

/// What a strategy makes of the network that a front is of, for comparison.
struct ComparedStrategy {
  Strategy strategy = Strategy::kSingle;
  std::optional<PredictedPlan> plan{};  ///< nothing: it does not fit into the memory
};

/// A line for each plan of a front, numbered from 1, with what it takes, how it is divided and what
/// it is the best for; below them, the strategies, and which plan beats them.
[[nodiscard]] std::string describe_front(const Network& network,
                                         const std::vector<PredictedPlan>& front,
                                         const std::vector<ComparedStrategy>& strategies);

}  // namespace vpinfer
