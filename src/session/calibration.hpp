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

/// Hosts as they were measured.
struct Calibration {
  LinkRates own;  ///< this rank's

  // Complete on rank 0; elsewhere empty.
  Cluster cluster;
  std::vector<LinkRates> links;  ///< by rank
};

/// What the ranks of a job find of their hosts within about `patience`, all computing, then talking
/// at the same time; then each rank talks with rank 0 alone.  A link that hosts share counts with
/// what it brings while all talk.  `announce` is told what is measured.  Collective.
[[nodiscard]] Calibration calibrate(Channel& channel, ThreadPool& pool,
                                    std::chrono::duration<double> patience,
                                    const Announce& announce = {});

/// Leaves each of the ranks on a host, which have its name, an equal part of its memory.
void share_memory(Cluster& cluster);

/// What the owner of the hosts should know, a line each that begins with the host's name: see
/// `host_remarks`; links that are shared; builds that differ.  Collective; empty but on rank 0.
[[nodiscard]] std::vector<std::string> calibration_remarks(Channel& channel,
                                                           const Calibration& calibration);

}  // namespace vpinfer
