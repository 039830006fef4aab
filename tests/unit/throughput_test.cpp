#include "report/throughput.hpp"

#include <gtest/gtest.h>

namespace vpinfer {
namespace {

TEST(SteadyFramesPerSecond, OfOneFrameIsItsLatency) {
  EXPECT_DOUBLE_EQ(steady_frames_per_second({{1, 1.5}}), 2);
}

TEST(SteadyFramesPerSecond, OfFewFramesCountsAllButTheFirst) {
  EXPECT_DOUBLE_EQ(steady_frames_per_second({{0, 9}, {9, 10}}), 1);
  EXPECT_DOUBLE_EQ(steady_frames_per_second({{0, 9}, {1, 9.5}, {2, 10}}), 2);
}

/// A pipeline that takes 5 s to fill, then gives a frame per second, and four at once at the end.
TEST(SteadyFramesPerSecond, LeavesOutWarmUpAndDrain) {
  std::vector<FrameTimes> frames;
  for (int i = 0; i < 20; ++i) frames.push_back({1.0 * i, 5.0 + i});
  for (int i = 15; i < 20; ++i) frames[static_cast<std::size_t>(i)].done = 19.5;
  EXPECT_DOUBLE_EQ(steady_frames_per_second(frames), 1);
}

}  // namespace
}  // namespace vpinfer
