#pragma once

#include <functional>

#include "vpinfer/kernel/tensor.hpp"

namespace vpinfer {

/// How many threads of this process share the work of a layer, the caller among them.  1 at first.
/// Not to be called while a layer is computed.  Throws BadUsage if so many cannot be started.
void set_kernel_threads(int threads);
[[nodiscard]] int kernel_threads();

/// Calls task(0) ... task(tasks - 1), each once, on all threads, and returns when all are done. The
/// caller takes part, and calls `progress` after each of its tasks; if that throws, the tasks not
/// yet begun are not done.  Threads that find nothing to do for a moment sleep.
void share_out(int tasks, const std::function<void(int)>& task, const Progress& progress);

/// The same with compute(row) for every row.
template <typename Compute>
void share_out_rows(Interval rows, const Compute& compute, const Progress& progress) {
  const auto task = [&](int i) { compute(rows.begin + i); };
  share_out(rows.size(), std::ref(task), progress);
}

}  // namespace vpinfer
