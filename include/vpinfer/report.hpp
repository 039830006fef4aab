#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "vpinfer/memory.hpp"

namespace vpinfer {

/// What one rank tells about a run; times and bytes are means per frame.
struct RankReport {
  int rank = 0;
  std::string host;
  std::string cores;  ///< that the process may run on
  std::string blas;
  std::string micro_kernel;  ///< that convolutions use unless they keep to BLAS
  std::string boxes;
  RankMemory memory;        ///< planned, allocated exactly so
  WeightBytes weights;      ///< of its weights
  double load_seconds = 0;  ///< reading and packing them
  std::size_t peak_rss_bytes = 0;
  double compute_seconds = 0;
  double pack_seconds = 0;     ///< copying between outputs and messages
  double message_seconds = 0;  ///< in the message-passing library
  double wait_seconds = 0;
  double utilisation = 0;  ///< the share of the whole stream's time that it computed
  std::size_t sent_bytes = 0;
  std::size_t received_bytes = 0;
  std::vector<double> frame_seconds;  ///< of every timed frame, on this rank
};

}  // namespace vpinfer
