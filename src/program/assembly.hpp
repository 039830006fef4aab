#pragma once

#include <vector>

#include "program/arena_layout.hpp"
#include "program/memory.hpp"

namespace vpinfer {

/// A rank's share of a plan before its messages have their places: enough to know its memory.
struct Assembly {
  TensorOutlines tensors;
  std::vector<Step> steps;
  ArenaLayout arena;
  RankMemory memory;
};

/// Runs all passes but the last, given the rank's tensors without strips.
[[nodiscard]] Assembly assemble(const Traffic& traffic, TensorOutlines tensors, int rank,
                                const Concurrency& concurrency);

}  // namespace vpinfer
