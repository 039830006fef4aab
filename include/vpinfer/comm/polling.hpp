#pragma once

#include <chrono>

#include "vpinfer/base/clock.hpp"

namespace vpinfer {

/// Paces a loop that polls for messages: a short spell of yielding, because most messages are
/// almost there, then short sleeps, because a core that spins is taken from another rank or a
/// battery.
class Polling {
 public:
  explicit Polling(std::chrono::duration<double> timeout)
      : deadline_(Clock::now() + std::chrono::duration_cast<Clock::duration>(timeout)) {}

  /// To be called after a poll in vain.  False if the deadline has passed.
  [[nodiscard]] bool pause();

 private:
  Clock::time_point deadline_;
  int polls_ = 0;
};

}  // namespace vpinfer
