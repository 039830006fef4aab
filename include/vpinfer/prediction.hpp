#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "vpinfer/memory.hpp"

namespace vpinfer {

/// Where the time of a layer goes, for a frame alone, on the rank that ends it last: from when all
/// ranks had computed the layers before it to when all have computed this one.  These stretches
/// follow each other, so those of all layers add up to the frame's latency.
struct LayerTime {
  int rank = 0;  ///< that ends it last
  double compute_seconds = 0;
  double message_seconds = 0;  ///< packing, sending, receiving and unpacking
  double link_seconds = 0;     ///< waiting for messages on their way
  double peer_seconds = 0;     ///< waiting for ranks that have not sent theirs
  int peer = 0;                ///< of the longest of these waits
  /// What the rank computes of the layer, before and within the stretch, as a multiple of the mean
  /// of all ranks that compute some; 0 if none does.
  double compute_over_mean = 0;
  std::size_t moved_bytes = 0;       ///< by all ranks: its partial sums, and of its inputs those
                                     ///< that it is the first to read
  std::optional<int> computed_in{};  ///< position of a pooling in whose strips ranks compute it

  [[nodiscard]] double wait_seconds() const { return link_seconds + peer_seconds; }
  [[nodiscard]] double seconds() const {
    return compute_seconds + message_seconds + wait_seconds();
  }
  /// Whether no rank computes it on its own: its time and bytes are among those of `computed_in`.
  [[nodiscard]] bool is_within_other() const { return computed_in && compute_over_mean <= 0; }
};

/// What a plan takes on a cluster, computed without running anything.
struct Prediction {
  std::vector<RankMemory> memory;  ///< by rank: what it will have allocated
  std::size_t moved_bytes = 0;     ///< by all ranks for a frame
  double latency_seconds = 0;      ///< of a frame alone
  double period_seconds = 0;       ///< between the frames of a stream
  std::vector<LayerTime> layers;   ///< by position
  LayerTime results;               ///< likewise, until rank 0 has all that is delivered
};

}  // namespace vpinfer
