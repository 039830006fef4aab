#include "kernel/threads.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

namespace vpinfer {
namespace {

/// Some threads for the length of a test.
class Threads {
 public:
  explicit Threads(int count) { set_kernel_threads(count); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
  ~Threads() { set_kernel_threads(1); }
};

TEST(ShareOut, DoesEveryTaskOnce) {
  for (const int threads : {1, 2, 3, 8}) {
    const Threads pool(threads);
    EXPECT_EQ(kernel_threads(), threads);
    for (const int tasks : {0, 1, 2, 7, 100}) {
      for (int round = 0; round < 50; ++round) {
        std::vector<std::atomic<int>> done(static_cast<std::size_t>(tasks));
        share_out(
            tasks, [&](int task, int) { ++done[static_cast<std::size_t>(task)]; }, [] {});
        EXPECT_TRUE(std::all_of(done.begin(), done.end(), [](const auto& n) { return n == 1; }));
      }
    }
  }
}

TEST(ShareOut, GivesEachThreadItsOwnStretchFirst) {
  const Threads pool(3);
  for (int round = 0; round < 3; ++round) {
    std::vector<int> thread_of(9, -1);
    std::atomic<int> begun = 0;
    const auto task = [&](int i, int thread) {
      thread_of[static_cast<std::size_t>(i)] = thread;
      ++begun;
      while (begun < 3) std::this_thread::yield();  // until each has one
    };
    share_out(9, task, [] {});
    EXPECT_EQ(thread_of[0], 0);
    EXPECT_EQ(thread_of[3], 1);
    EXPECT_EQ(thread_of[6], 2);
  }
}

TEST(ShareOut, MakesProgressOnTheCallersThreadOnly) {
  const Threads pool(3);
  int progressed = 0;
  share_out(
      20, [](int, int) { std::this_thread::sleep_for(std::chrono::milliseconds(1)); },
      [&, caller = std::this_thread::get_id()] {
        EXPECT_EQ(std::this_thread::get_id(), caller);
        ++progressed;
      });
  EXPECT_GE(progressed, 1);
  EXPECT_LT(progressed, 20);
}

TEST(ShareOut, WaitsForAllThreadsWhenProgressThrows) {
  const Threads pool(4);
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> working = 0;
    const auto task = [&](int, int) {
      ++working;
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      --working;
    };
    EXPECT_THROW(share_out(1000, task, [] { throw std::runtime_error("a peer is gone"); }),
                 std::runtime_error);
    EXPECT_EQ(working, 0);
  }
}

TEST(ShareOut, WakesThreadsThatSleep) {
  const Threads pool(2);
  for (int round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::atomic<int> begun = 0;
    // Neither task ends before both have begun.
    share_out(
        2,
        [&](int, int) {
          ++begun;
          while (begun < 2) std::this_thread::yield();
        },
        [] {});
    EXPECT_EQ(begun, 2);
  }
}

}  // namespace
}  // namespace vpinfer
