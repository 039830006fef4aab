#pragma once

#include <cstddef>
#include <vector>

#include "program/memory.hpp"
#include "program/outline.hpp"
#include "program/step.hpp"

namespace vpinfer {

/// A part of an output in the arena; `offset` is in bytes.
struct Storage {
  Box box;
  std::size_t offset = 0;
};

/// A message where it lies in the arena.
struct PlacedMessage {
  int peer = 0;
  std::vector<Box> boxes;
  std::size_t bytes = 0;  ///< on the wire
  Staging staging = Staging::kPacked;
  std::size_t offset = 0;  ///< of its first byte
};

/// A stretch of the arena, in bytes.
struct Room {
  std::size_t offset = 0;
  std::size_t bytes = 0;
};

/// What a rank keeps and moves of one layer's output or partial sums, as outlined, in its place.
struct Tensor {
  int position = 0;         ///< of the layer
  bool is_partial = false;  ///< partial sums of the layer's output, otherwise the output
  Storage written{};        ///< holds what the rank computes; boxes are sent from here
  Storage read{};           ///< holds what consuming layers read; boxes are received to here
  WireFormat wire = WireFormat::kFloat;  ///< of the messages
  std::vector<PlacedMessage> receives{};
  std::vector<PlacedMessage> sends{};
  Room workspace{};  ///< while the layer is computed
};

/// One rank's share of a plan as a flat list of steps that is replayed for every frame, and the
/// place of every buffer in the arena of a frame.  Pure data; all ranks' programs follow one global
/// order of layers, which is why they cannot wait for each other in a circle.
struct Program {
  int lanes = 1;  ///< frames that may be in a segment at the same time, each with its own arena
  std::vector<Step> steps;
  std::vector<Segment> segments;  ///< all steps, in order; each has a part of the arena for itself
  /// The outputs by position, followed by the partial sums of the layers with divided sums.
  std::vector<Tensor> tensors;
  std::size_t arena_bytes = 0;  ///< of one lane
  RankMemory memory;

  [[nodiscard]] const Tensor& tensor(int index) const {
    return tensors[static_cast<std::size_t>(index)];
  }
};

/// For every layer: receives are posted first, then the part of the layer that needs no peer is
/// computed while borders travel, then the rest, then the peers get their boxes.  A convolution
/// whose input channels come from many peers sums over those of one after another, unless it is
/// computed in strips.  Partial sums of a layer are computed, exchanged and added up before the
/// layer's output is sent.
[[nodiscard]] Program make_program(const Distribution& distribution, const Delivery& delivery,
                                   int rank, const Concurrency& concurrency = {});

/// The same, for all ranks of a plan whose traffic is known.
[[nodiscard]] Program make_program(const Traffic& traffic, int rank,
                                   const Concurrency& concurrency);

}  // namespace vpinfer
