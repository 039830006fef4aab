#pragma once

#include <cstddef>
#include <vector>

#include "program/outline.hpp"
#include "program/step.hpp"

namespace vpinfer {

/// Where a tensor's buffers begin in the arena, in bytes; 0 where there is none.
struct TensorPlaces {
  std::size_t written = 0;
  std::size_t read = 0;      ///< the same as `written` unless they are apart
  std::size_t receives = 0;  ///< of the packed messages, one after another
  std::size_t sends = 0;
  std::size_t workspace = 0;
};

/// One allocation for all buffers of a program, of which those that are never in use at the same
/// time share their memory.
struct ArenaLayout {
  std::vector<TensorPlaces> places;  ///< by tensor
  std::vector<Segment> segments;     ///< of the steps; each has a part of the arena for itself
  std::size_t bytes = 0;
  // What it holds at the fullest step of each segment, added up.
  std::size_t workspace_bytes = 0;
  std::size_t message_bytes = 0;
};

[[nodiscard]] ArenaLayout lay_out_arena(const Network& network, const TensorOutlines& tensors,
                                        const std::vector<Step>& steps);

}  // namespace vpinfer
