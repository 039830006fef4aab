#pragma once

#include <vector>

#include "program/program.hpp"
#include "vpinfer/cluster.hpp"

namespace vpinfer {

/// What a rank does for a while, or waits for.
enum class Doing {
  kCompute,
  kMessages,   ///< packing, sending, receiving and unpacking
  kAwaitLink,  ///< a message is on its way, or has not left
  kAwaitPeer   ///< a peer has not sent its message yet
};

/// A stretch of a rank's time.
struct Activity {
  Doing doing = Doing::kCompute;
  int position = 0;  ///< of the layer whose output or partial sums it is about
  double begin = 0;  ///< in seconds, as is `end`
  double end = 0;
  int peer = 0;  ///< that is awaited

  [[nodiscard]] double seconds() const { return end - begin; }
};

/// What a rank does for a frame, one after another, from when it is told of it.
using Timeline = std::vector<Activity>;

/// What a stream of frames would take.
struct Simulation {
  std::vector<double> frame_seconds;  ///< of each, from its beginning on rank 0
  double period_seconds = 0;          ///< between frames, once the stream is in full swing
  std::vector<Timeline> timelines{};  ///< by rank: of the first frame
};

/// Plays the programs of all ranks, as Executor runs them, on a cluster: step after step with the
/// time that it would take, messages on links that each serve one at a time.  `in_flight` of the
/// frames are under way at once.  Does not compute anything.
[[nodiscard]] Simulation simulate(const Network& network, const std::vector<Program>& programs,
                                  const Cluster& cluster, int frames, int in_flight);

}  // namespace vpinfer
