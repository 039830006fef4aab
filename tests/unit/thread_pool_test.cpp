#include "kernel/thread_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

namespace vpinfer {
namespace {

TEST(ThreadPool, DoesEveryTaskOnce) {
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (const int tasks : {0, 1, 2, 7, 100}) {
      for (int round = 0; round < 50; ++round) {
        std::vector<std::atomic<int>> done(static_cast<std::size_t>(tasks));
        pool.share_out(
            tasks, [&](int task, int) { ++done[static_cast<std::size_t>(task)]; }, [] {});
        EXPECT_TRUE(std::all_of(done.begin(), done.end(), [](const auto& n) { return n == 1; }));
      }
    }
  }
}

TEST(ThreadPool, GivesEachThreadItsOwnStretchFirst) {
  ThreadPool pool(3);
  for (int round = 0; round < 3; ++round) {
    std::vector<int> thread_of(9, -1);
    std::atomic<int> begun = 0;
    const auto task = [&](int i, int thread) {
      thread_of[static_cast<std::size_t>(i)] = thread;
      ++begun;
      while (begun < 3) std::this_thread::yield();  // until each has one
    };
    pool.share_out(9, task, [] {});
    EXPECT_EQ(thread_of[0], 0);
    EXPECT_EQ(thread_of[3], 1);
    EXPECT_EQ(thread_of[6], 2);
  }
}

TEST(ThreadPool, DoesWhatATaskSharesOutOnItsThread) {
  ThreadPool pool(3);
  ThreadPool other(2);
  std::atomic<int> done = 0;
  const auto task = [&](int, int) {
    const auto here = std::this_thread::get_id();
    for (ThreadPool* any : {&pool, &other}) {
      EXPECT_EQ(any->threads(), 1);
      any->share_out(
          4,
          [&](int, int thread) {
            EXPECT_EQ(std::this_thread::get_id(), here);
            EXPECT_EQ(thread, 0);
            ++done;
          },
          [] {});
    }
  };
  pool.share_out(6, task, [] {});
  EXPECT_EQ(done, 6 * 2 * 4);
  EXPECT_EQ(pool.threads(), 3);
}

TEST(ThreadPool, MakesProgressOnTheCallersThreadOnly) {
  ThreadPool pool(3);
  int progressed = 0;
  pool.share_out(
      20, [](int, int) { std::this_thread::sleep_for(std::chrono::milliseconds(1)); },
      [&, caller = std::this_thread::get_id()] {
        EXPECT_EQ(std::this_thread::get_id(), caller);
        ++progressed;
      });
  EXPECT_GE(progressed, 1);
  EXPECT_LT(progressed, 20);
}

TEST(ThreadPool, WaitsForAllThreadsWhenProgressThrows) {
  ThreadPool pool(4);
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> working = 0;
    const auto task = [&](int, int) {
      ++working;
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      --working;
    };
    EXPECT_THROW(pool.share_out(1000, task, [] { throw std::runtime_error("a peer is gone"); }),
                 std::runtime_error);
    EXPECT_EQ(working, 0);
  }
}

TEST(ThreadPool, WakesThreadsThatSleep) {
  ThreadPool pool(2);
  for (int round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    std::atomic<int> begun = 0;
    // Neither task ends before both have begun.
    pool.share_out(
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
