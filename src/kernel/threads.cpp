#include "vpinfer/kernel/threads.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace vpinfer {
namespace {

/// The threads beside the caller's.
class Helpers {
 public:
  explicit Helpers(int count) {
    for (int i = 0; i < count; ++i) threads_.emplace_back([this] { help(); });
  }
  Helpers(const Helpers&) = delete;
  Helpers& operator=(const Helpers&) = delete;
  ~Helpers() {
    {
      const std::lock_guard lock(mutex_);
      ends_ = true;
    }
    begins_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  [[nodiscard]] int count() const { return static_cast<int>(threads_.size()); }

  void share_out(int tasks, const std::function<void(int)>& task, const Progress& progress) {
    {
      const std::lock_guard lock(mutex_);
      task_ = &task;
      tasks_ = tasks;
      next_ = 0;
      busy_ = count();
      ++round_;
    }
    begins_.notify_all();
    for (int i = next_++; i < tasks; i = next_++) {
      task(i);
      progress();
    }
    const auto all_done = [this] { return busy_ == 0; };
    if (comes_soon(all_done)) return;
    std::unique_lock lock(mutex_);
    done_.wait(lock, all_done);
  }

 private:
  /// Looks for something some thousand times, because waking a thread up takes longer than the work
  /// between two layers.
  template <typename Condition>
  static bool comes_soon(const Condition& condition) {
    constexpr int kLooks = 4000;
    for (int i = 0; i < kLooks; ++i) {
      if (condition()) return true;
#ifdef __x86_64__
      __builtin_ia32_pause();
#endif
    }
    return false;
  }

  void help() {
    for (unsigned seen = 0;;) {
      const auto begins = [&] { return ends_ || round_ != seen; };
      if (!comes_soon(begins)) {
        std::unique_lock lock(mutex_);
        begins_.wait(lock, begins);
      }
      if (ends_) return;
      seen = round_;
      for (int i = next_++; i < tasks_; i = next_++) (*task_)(i);
      const std::lock_guard lock(mutex_);
      if (--busy_ == 0) done_.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable begins_;
  std::condition_variable done_;
  // What `round_` publishes.
  const std::function<void(int)>* task_ = nullptr;
  int tasks_ = 0;
  std::atomic<int> next_ = 0;
  std::atomic<int> busy_ = 0;
  std::atomic<unsigned> round_ = 0;
  std::atomic<bool> ends_ = false;
  std::vector<std::thread> threads_;
};

std::unique_ptr<Helpers>& helpers() {
  static std::unique_ptr<Helpers> helpers;
  return helpers;
}

}  // namespace

void set_kernel_threads(int threads) {
  helpers() = threads > 1 ? std::make_unique<Helpers>(threads - 1) : nullptr;
}

int kernel_threads() {
  return helpers() ? helpers()->count() + 1 : 1;
}

void share_out(int tasks, const std::function<void(int)>& task, const Progress& progress) {
  if (helpers() && tasks > 1) {
    helpers()->share_out(tasks, task, progress);
    return;
  }
  for (int i = 0; i < tasks; ++i) {
    task(i);
    progress();
  }
}

}  // namespace vpinfer
