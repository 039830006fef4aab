#include "vpinfer/comm/polling.hpp"

#include <thread>

namespace vpinfer {

bool Polling::pause() {
  constexpr int kYields = 200;
  constexpr std::chrono::microseconds kSleep{40};
  if (polls_ < kYields) {
    ++polls_;
    std::this_thread::yield();
    return true;
  }
  std::this_thread::sleep_for(kSleep);
  return Clock::now() < deadline_;
}

}  // namespace vpinfer
