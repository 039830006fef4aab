#pragma once

#include <cstddef>
#include <vector>

#include "program/outline.hpp"
#include "vpinfer/memory.hpp"

namespace vpinfer {

/// Predicted memory of every rank.
[[nodiscard]] std::vector<RankMemory> predict_memory(const Distribution& distribution,
                                                     const Delivery& delivery,
                                                     const Concurrency& concurrency = {});

/// A rank with the most memory, and what it takes.
struct Fullest {
  int rank = 0;
  std::size_t bytes = 0;
};

[[nodiscard]] Fullest fullest(const std::vector<RankMemory>& memory);

/// The same as `predict_memory`, of plans of which many are tried: empty if some rank takes more
/// than `most_bytes`.  Ranks are looked at in turn from `first_rank`: where that is the fullest,
/// too large a plan is soon found out.
[[nodiscard]] std::vector<RankMemory> memory_within(const Traffic& traffic,
                                                    const Outlines& outlines,
                                                    const Concurrency& concurrency,
                                                    std::size_t most_bytes, int first_rank);

}  // namespace vpinfer
