#pragma once

#include <vector>

namespace vpinfer {

/// When a frame of a stream began and when nothing was left to do for it, in seconds.
struct FrameTimes {
  double begun = 0;
  double done = 0;
};

/// Frames per second of a stream in full swing: of those done after the first, which finds the
/// ranks idle, and before the last begins, because then they run dry.  A stream too short for that
/// counts from its first to its last frame, or as one frame.  At least one frame, in order.
[[nodiscard]] double steady_frames_per_second(const std::vector<FrameTimes>& frames);

}  // namespace vpinfer
