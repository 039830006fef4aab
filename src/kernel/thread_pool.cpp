#include "kernel/thread_pool.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/machine.hpp"
#include "vpinfer/box.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// Tells the processor that this thread only waits.
void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
  asm volatile("yield");
#endif
}

/// How long one of so many threads looks for work before it sleeps: waking it up takes longer than
/// what lies between two layers.  Not at all where they are more than the cores.
std::chrono::microseconds waiting_time(int threads) {
  return std::chrono::microseconds(threads <= allowed_core_count() ? 50 : 0);
}

/// Looks for something for a moment before anybody sleeps.
template <typename Condition>
bool comes_soon(const Condition& condition, std::chrono::microseconds moment) {
  const Clock::time_point until = Clock::now() + moment;
  while (!condition()) {
    if (Clock::now() > until) return false;
    relax();
  }
  return true;
}

/// Whether this thread does a task, of any pool: what that shares out in turn, it does alone.
thread_local bool in_task = false;

}  // namespace

/// The threads beside the caller's.
class ThreadPool::Helpers {
 public:
  explicit Helpers(int count)
      : moment_(waiting_time(count + 1)), stretches_(static_cast<std::size_t>(count) + 1) {
    try {
      for (int i = 1; i <= count; ++i) threads_.emplace_back([this, i] { help(i); });
    } catch (const std::system_error&) {
      dismiss();
      throw BadUsage("cannot start " + std::to_string(count + 1) +
                     " threads here; use fewer --threads");
    }
  }
  Helpers(const Helpers&) = delete;
  Helpers& operator=(const Helpers&) = delete;
  ~Helpers() { dismiss(); }

  /// The caller's among them.
  [[nodiscard]] int threads() const { return static_cast<int>(stretches_.size()); }

  void share_out(int tasks, const Task& task, const Progress& progress) {
    const Round round(*this, tasks, task);
    work(0, progress);
  }

 private:
  /// The tasks that a thread begins with.  Each in a cache line of its own.
  struct alignas(64) Stretch {
    std::atomic<int> next = 0;
    int end = 0;
  };

  /// Ends when nobody works any more, also if `progress` throws.
  class Round {
   public:
    Round(Helpers& helpers, int tasks, const Task& task) : helpers_(helpers) {
      in_task = true;
      {
        const std::lock_guard lock(helpers_.mutex_);
        helpers_.task_ = &task;
        for (int i = 0; i < helpers_.threads(); ++i) {
          const Interval part = share(tasks, helpers_.threads(), i);
          helpers_.stretch(i).next = part.begin;
          helpers_.stretch(i).end = part.end;
        }
        ++helpers_.round_;
      }
      helpers_.begins_.notify_all();
    }
    Round(const Round&) = delete;
    Round& operator=(const Round&) = delete;
    ~Round() {
      in_task = false;
      const auto all_done = [this] { return helpers_.busy_ == 0; };
      for (Stretch& stretch : helpers_.stretches_) stretch.next = stretch.end;
      (void)comes_soon(all_done, helpers_.moment_);
      std::unique_lock lock(helpers_.mutex_);
      helpers_.done_.wait(lock, all_done);
    }

   private:
    Helpers& helpers_;
  };

  /// A helper that comes when all tasks are taken does not sign in, so that nobody waits for it.
  void help(int thread) {
    in_task = true;
    std::unique_lock lock(mutex_, std::defer_lock);
    for (unsigned seen = 0;;) {
      const auto begins = [&] { return ends_ || round_ != seen; };
      (void)comes_soon(begins, moment_);
      lock.lock();
      begins_.wait(lock, begins);
      if (ends_) return;
      seen = round_;
      if (any_left()) {
        ++busy_;
        lock.unlock();
        work(thread, [] {});
        lock.lock();
        if (--busy_ == 0) done_.notify_one();
      }
      lock.unlock();
    }
  }

  /// What is left of a thread's own stretch, then of the others'.
  template <typename Done>
  void work(int thread, const Done& done) {
    for (int i = 0; i < threads(); ++i) {
      Stretch& of = stretch((thread + i) % threads());
      for (int task = of.next++; task < of.end; task = of.next++) {
        (*task_)(task, thread);
        done();
      }
    }
  }

  [[nodiscard]] bool any_left() const {
    return std::any_of(stretches_.begin(), stretches_.end(),
                       [](const Stretch& stretch) { return stretch.next < stretch.end; });
  }

  Stretch& stretch(int thread) { return stretches_[static_cast<std::size_t>(thread)]; }

  void dismiss() {
    {
      const std::lock_guard lock(mutex_);
      ends_ = true;
    }
    begins_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  const std::chrono::microseconds moment_;
  std::mutex mutex_;
  std::condition_variable begins_;
  std::condition_variable done_;
  // Of a round; written only while nobody is busy, but for what comes next.
  const Task* task_ = nullptr;
  std::vector<Stretch> stretches_;  // by thread, the caller's first
  std::atomic<int> busy_ = 0;       // helpers that have signed in
  std::atomic<unsigned> round_ = 0;
  std::atomic<bool> ends_ = false;
  std::vector<std::thread> threads_;
};

ThreadPool::ThreadPool(int threads)
    : helpers_(threads > 1 ? std::make_unique<Helpers>(threads - 1) : nullptr) {}

ThreadPool::~ThreadPool() = default;

int ThreadPool::threads() const {
  return helpers_ && !in_task ? helpers_->threads() : 1;
}

void ThreadPool::share_out(int tasks, const Task& task, const Progress& progress) {
  if (tasks > 1 && threads() > 1) {
    helpers_->share_out(tasks, task, progress);
    return;
  }
  for (int i = 0; i < tasks; ++i) {
    task(i, 0);
    progress();
  }
}

}  // namespace vpinfer
