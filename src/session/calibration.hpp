#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "comm/channel.hpp"
#include "kernel/thread_pool.hpp"
#include "session/announce.hpp"
#include "session/link_speed.hpp"
#include "vpinfer/cluster.hpp"

namespace vpinfer {

/// Hosts as they were measured, and what their owner should know.
struct Calibration {
  Cluster cluster;
  std::vector<MeasuredLink> links;   ///< by rank
  std::vector<std::string> remarks;  ///< a line each, beginning with the host's name
};

/// What the ranks of a job find of their hosts, all computing and all talking at the same time,
/// within about `patience`; `announce` is told what is measured.  Collective; what it returns is
/// complete on rank 0.
[[nodiscard]] Calibration calibrate(Channel& channel, ThreadPool& pool,
                                    std::chrono::duration<double> patience,
                                    const Announce& announce = {});

}  // namespace vpinfer
