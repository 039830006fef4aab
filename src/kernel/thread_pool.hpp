#pragma once

#include <functional>
#include <memory>

namespace vpinfer {

/// A piece of work, and which of the threads does it: 0 is the caller of `share_out`.
using Task = std::function<void(int task, int thread)>;

/// Called between pieces of a long computation, so that messages move meanwhile.
using Progress = std::function<void()>;

/// Threads that share the work of a layer, the one that asks for it among them.  They belong to the
/// pool and end with it.  Only one thread at a time may share work out.
class ThreadPool {
 public:
  /// At least one thread.  Throws BadUsage if so many cannot be started.
  explicit ThreadPool(int threads);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool();

  /// How many share work that this thread shares out now: 1 within one of several tasks, as what
  /// that shares out in turn is done on its thread.
  [[nodiscard]] int threads() const;

  /// Calls task(0, ...) ... task(tasks - 1, ...), each once, on all threads, and returns when all
  /// are done.  A thread begins with a stretch of the tasks, the same of as many tasks each time,
  /// so that it reads what it wrote itself, in its own caches, where one layer's tasks follow
  /// another's; then it helps the others.  The caller takes part, and calls `progress` after each
  /// of its tasks; if that throws, the tasks not yet begun are not done.  Threads that find nothing
  /// to do for a moment sleep; where the pool has more of them than cores, they do so at once.
  void share_out(int tasks, const Task& task, const Progress& progress);

 private:
  class Helpers;
  std::unique_ptr<Helpers> helpers_;  // none for one thread
};

}  // namespace vpinfer
