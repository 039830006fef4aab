#pragma once

#include <chrono>

#include "kernel/thread_pool.hpp"
#include "vpinfer/cluster.hpp"

namespace vpinfer {

/// Measures how fast this machine computes now, with the threads of a pool: layers typical of each
/// kind of kernel, each time and again for about a fifth of `patience`.  All of the time counts,
/// what a processor that is shared or throttled stands still included.
[[nodiscard]] Speed measure_speed(ThreadPool& pool, std::chrono::duration<double> patience);

}  // namespace vpinfer
