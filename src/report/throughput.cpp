#include "report/throughput.hpp"

#include <algorithm>

namespace vpinfer {

double steady_frames_per_second(const std::vector<FrameTimes>& frames) {
  const double start = frames.front().done;
  if (frames.size() == 1) return 1 / (start - frames.front().begun);
  const auto drained = std::find_if(frames.begin(), frames.end(), [&](const FrameTimes& frame) {
    return frame.done > frames.back().begun;
  });
  // With fewer than two frames in full swing all count.
  const auto last = drained - frames.begin() >= 3 ? drained - 1 : frames.end() - 1;
  return static_cast<double>(last - frames.begin()) / (last->done - start);
}

}  // namespace vpinfer
