#pragma once

#include <chrono>

#include "base/clock.hpp"

namespace vpinfer {

/// Paces a loop that polls for messages: a few yields, because some messages are almost there, then
/// short sleeps that grow, because every poll costs microseconds of a core that another rank, the
/// network stack or a battery needs.
class Polling {
 public:
  explicit Polling(std::chrono::duration<double> timeout)
      : deadline_(Clock::now() + std::chrono::duration_cast<Clock::duration>(timeout)) {}

  /// To be called after a poll in vain.  False if the deadline has passed.
  [[nodiscard]] bool pause();

 private:
  Clock::time_point deadline_;
  int yields_ = 0;
  std::chrono::microseconds sleep_{20};  // the next one
};

}  // namespace vpinfer
