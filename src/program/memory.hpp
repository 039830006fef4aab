#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "program/outline.hpp"

namespace vpinfer {

/// What a rank does at the same time.
struct Concurrency {
  int lanes = 1;    ///< frames that may be in a segment, each with its own arena
  int threads = 1;  ///< that share the work of a layer, each with its own workspace
};

/// Bytes that one rank will have allocated, known before anything runs.
struct RankMemory {
  std::size_t weights = 0;
  std::size_t activations = 0;  ///< this and the next two: the arena at its fullest step
  std::size_t workspace = 0;
  std::size_t messages = 0;
  std::size_t library = 0;  ///< what the message-passing and linear algebra libraries and
                            ///< threads keep
  std::size_t results = 0;  ///< copies of what is delivered, of one frame or two

  [[nodiscard]] std::size_t total() const {
    return weights + activations + workspace + messages + library + results;
  }
  bool operator==(const RankMemory&) const = default;
};

/// Predicted memory of every rank.
[[nodiscard]] std::vector<RankMemory> predict_memory(const Distribution& distribution,
                                                     const Delivery& delivery,
                                                     const Concurrency& concurrency = {});
/// The same, given what moves.
[[nodiscard]] std::vector<RankMemory> predict_memory(const Demand& demand,
                                                     const Distribution& distribution,
                                                     const Exchanges& exchanges,
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
[[nodiscard]] std::vector<RankMemory> memory_within(const Demand& demand,
                                                    const Distribution& distribution,
                                                    const Exchanges& exchanges,
                                                    const Outlines& outlines,
                                                    const Concurrency& concurrency,
                                                    std::size_t most_bytes, int first_rank);

}  // namespace vpinfer
