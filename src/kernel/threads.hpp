#pragma once

#include <algorithm>
#include <functional>

#include "kernel/tensor.hpp"

namespace vpinfer {

/// How many threads of this process share the work of a layer, the caller among them.  1 at first.
/// Not to be called while a layer is computed.  Throws BadUsage if so many cannot be started.
void set_kernel_threads(int threads);
/// 1 within one of several tasks: what that shares out in turn is done on its thread.
[[nodiscard]] int kernel_threads();

/// A piece of work, and which of the threads does it: 0 is the caller of `share_out`.
using Task = std::function<void(int task, int thread)>;

/// Calls task(0, ...) ... task(tasks - 1, ...), each once, on all threads, and returns when all are
/// done.  A thread begins with a stretch of the tasks, the same of as many tasks each time, so that
/// it reads what it wrote itself, in its own caches, where one layer's tasks follow another's; then
/// it helps the others.  The caller takes part, and calls `progress` after each of its tasks; if
/// that throws, the tasks not yet begun are not done.  Threads that find nothing to do for a moment
/// sleep; where this process has more of them than cores, they do so at once.
void share_out(int tasks, const Task& task, const Progress& progress);

/// The same with compute(row) for every row.
template <typename Compute>
void share_out_rows(Interval rows, const Compute& compute, const Progress& progress) {
  const auto task = [&](int i, int) { compute(rows.begin + i); };
  share_out(rows.size(), std::ref(task), progress);
}

/// The same with compute(i) for every i < count, in one task for each thread, which suits many
/// small things.
template <typename Compute>
void share_out_evenly(int count, const Compute& compute, const Progress& progress) {
  const int parts = std::min(kernel_threads(), count);
  const auto task = [&](int part, int) {
    const Interval some = share(count, parts, part);
    for (int i = some.begin; i < some.end; ++i) compute(i);
  };
  share_out(parts, std::ref(task), progress);
}

}  // namespace vpinfer
