#include "comm/polling.hpp"

#include <algorithm>
#include <thread>

namespace vpinfer {

bool Polling::pause() {
  constexpr int kYields = 16;
  constexpr std::chrono::microseconds kLongestSleep{200};
  if (yields_ < kYields) {
    ++yields_;
    std::this_thread::yield();
    return true;
  }
  std::this_thread::sleep_for(sleep_);
  sleep_ = std::min(sleep_ + sleep_ / 4, kLongestSleep);
  return Clock::now() < deadline_;
}

}  // namespace vpinfer
