#pragma once

#include <cstddef>
#include <vector>

namespace vpinfer {

/// Where one rank's time and bytes went, summed over frames.
struct ExecutionCounters {
  double compute_seconds = 0;
  double pack_seconds = 0;     ///< copying between outputs and messages
  double message_seconds = 0;  ///< in calls that start, test and move messages
  double wait_seconds = 0;     ///< with nothing to do, in pauses between looking for messages
  std::size_t sent_bytes = 0;
  std::size_t received_bytes = 0;
  std::vector<double> frame_seconds;  ///< of every finished frame, from its beginning
};

}  // namespace vpinfer
