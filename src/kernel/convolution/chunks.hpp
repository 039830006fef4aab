#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "kernel/tensor.hpp"
#include "kernel/workers.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {

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
  [[nodiscard]] int threads_of_chunk() const { return threads_ / workspaces_; }
  /// Units that a workspace must have room for.  Fewer units never take more in all workspaces.
  [[nodiscard]] int room() const { return room_; }

  /// Calls compute(units, workspace, workers) for every chunk: within a task of a thread, or on
  /// the caller's, to share it out to the workers.  A workspace has so many floats; throws Bug if
  /// there are too few.
  template <typename Compute>
  void compute(std::span<float> workspaces, std::size_t floats, const Workers& workers,
               const Compute& compute) const {
    if (workspaces.size() < static_cast<std::size_t>(workspaces_) * floats) {
      throw Bug("too small a workspace for " + std::to_string(threads_) + " threads");
    }
    if (threads_of_chunk() > 1) {
      for (int chunk = 0; chunk < count_; ++chunk) {
        compute(share(units_, count_, chunk), workspaces.first(floats), workers);
      }
      return;
    }
    const Workers helpers{workers.pool};
    const auto task = [&](int chunk, int thread) {
      compute(share(units_, count_, chunk),
              workspaces.subspan(static_cast<std::size_t>(thread) * floats, floats),
              thread == 0 ? workers : helpers);
    };
    workers.share_out(count_, std::ref(task));
  }

 private:
  int units_;
  int threads_;
  int workspaces_;
  int room_;
  int count_;
};

}  // namespace vpinfer
