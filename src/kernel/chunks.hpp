#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>

#include "vpinfer/kernel/tensor.hpp"
#include "vpinfer/kernel/threads.hpp"

namespace vpinfer {

/// The threads that work on a chunk: one of them, or all.
class Team {
 public:
  static Team of_one(const Progress& progress) { return {1, progress}; }
  static Team of_all(const Progress& progress) { return {kernel_threads(), progress}; }

  [[nodiscard]] int size() const { return size_; }
  [[nodiscard]] const Progress& progress() const { return progress_; }

  /// Calls compute(0) ... compute(tasks - 1), and `progress` between them.
  template <typename Compute>
  void share_out(int tasks, const Compute& compute) const {
    if (size_ > 1) {
      const auto task = [&](int i, int) { compute(i); };
      vpinfer::share_out(tasks, std::ref(task), progress_);
      return;
    }
    for (int i = 0; i < tasks; ++i) {
      compute(i);
      progress_();
    }
  }

  /// The same in one task for each thread, which suits many small things.
  template <typename Compute>
  void share_out_evenly(int count, const Compute& compute) const {
    const int parts = std::min(size_, count);
    share_out(parts, [&](int part) {
      const Interval some = share(count, parts, part);
      for (int i = some.begin; i < some.end; ++i) compute(i);
    });
  }

 private:
  Team(int size, const Progress& progress) : size_(size), progress_(progress) {}

  int size_;
  const Progress& progress_;
};

/// How the outputs of a layer, counted in some unit (pixels, tiles), are cut into chunks.  Where
/// each thread gets enough of them, it takes chunks of its own and has a workspace for them: most
/// of what it reads it has written itself, into its own cache.  Where there are fewer, all threads
/// work on one chunk after another.
class Chunks {
 public:
  /// At most `most` units to a chunk; `enough` are enough for a thread.
  Chunks(int units, int most, int enough, int threads)
      : units_(units),
        threads_(threads),
        workspaces_(units >= threads * enough ? threads : 1),
        room_(std::min(most, divide_up(units, workspaces_))),
        count_(divide_up(divide_up(units, most), workspaces_) * workspaces_) {}

  [[nodiscard]] int units() const { return units_; }
  [[nodiscard]] int count() const { return count_; }
  [[nodiscard]] int workspaces() const { return workspaces_; }
  /// Threads that work on a chunk.
  [[nodiscard]] int team_size() const { return threads_ / workspaces_; }
  /// Units that a workspace must have room for.  Fewer units never take more in all workspaces.
  [[nodiscard]] int room() const { return room_; }

  /// Calls compute(units, workspace, team) for every chunk.  A workspace has so many floats.
  template <typename Compute>
  void compute(std::span<float> workspaces, std::size_t floats, const Progress& progress,
               const Compute& compute) const {
    if (team_size() > 1) {
      for (int chunk = 0; chunk < count_; ++chunk) {
        compute(share(units_, count_, chunk), workspaces.first(floats), Team::of_all(progress));
      }
      return;
    }
    const Progress nothing = [] {};
    const auto task = [&](int chunk, int thread) {
      compute(share(units_, count_, chunk),
              workspaces.subspan(static_cast<std::size_t>(thread) * floats, floats),
              Team::of_one(thread == 0 ? progress : nothing));
    };
    share_out(count_, std::ref(task), progress);
  }

 private:
  int units_;
  int threads_;
  int workspaces_;
  int room_;
  int count_;
};

}  // namespace vpinfer
