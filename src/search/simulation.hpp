#pragma once

#include <vector>

#include "program/program.hpp"
#include "vpinfer/cluster.hpp"

namespace vpinfer {

/// Where the time of one rank goes in one layer, for one frame alone.
struct LayerTime {
  double compute_seconds = 0;
  double message_seconds = 0;  ///< packing, sending, receiving and unpacking
  double wait_seconds = 0;     ///< for messages, to come or to go
};

/// What a stream of frames would take.
struct Simulation {
  std::vector<double> frame_seconds;  ///< of each, from its beginning on rank 0
  double period_seconds = 0;          ///< between frames, once the stream is in full swing
  std::vector<std::vector<LayerTime>> layers{};  ///< by rank, then position: of the first frame
};

/// Plays the programs of all ranks, as Executor runs them, on a cluster: step after step with the
/// time that it would take, messages on links that each serve one at a time.  `in_flight` of the
/// frames are under way at once.  Does not compute anything.
[[nodiscard]] Simulation simulate(const Network& network, const std::vector<Program>& programs,
                                  const Cluster& cluster, int frames, int in_flight);

}  // namespace vpinfer
