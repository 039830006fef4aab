#pragma once

#include <chrono>

#include "comm/channel.hpp"
#include "kernel/thread_pool.hpp"
#include "vpinfer/cluster.hpp"

namespace vpinfer {

/// What the ranks of a job find of their hosts, all computing and all talking at the same time,
/// within about `patience`.  Collective; what it returns is complete on rank 0.
[[nodiscard]] Cluster calibrate(Channel& channel, ThreadPool& pool,
                                std::chrono::duration<double> patience);

}  // namespace vpinfer
