#pragma once

#include <algorithm>
#include <functional>

#include "kernel/thread_pool.hpp"
#include "vpinfer/box.hpp"

namespace vpinfer {

/// Who computes a layer.  The pool must outlive it.
struct Workers {
  ThreadPool& pool;
  Progress progress = [] {};  ///< called on the caller's thread after each of its pieces of work

  [[nodiscard]] int threads() const { return pool.threads(); }

  /// As ThreadPool::share_out.
  void share_out(int tasks, const Task& task) const { pool.share_out(tasks, task, progress); }

  /// The same with compute(row) for every row.
  template <typename Compute>
  void share_out_rows(Interval rows, const Compute& compute) const {
    const auto task = [&](int i, int) { compute(rows.begin + i); };
    share_out(rows.size(), std::ref(task));
  }

  /// The same with compute(i) for every i < count, in one task for each thread, which suits many
  /// small things.
  template <typename Compute>
  void share_out_evenly(int count, const Compute& compute) const {
    const int parts = std::min(threads(), count);
    const auto task = [&](int part, int) {
      const Interval some = share(count, parts, part);
      for (int i = some.begin; i < some.end; ++i) compute(i);
    };
    share_out(parts, std::ref(task));
  }
};

}  // namespace vpinfer
