#include "session/calibration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/clock.hpp"
#include "base/machine.hpp"
#include "session/kernel_speed.hpp"
#include "session/link_speed.hpp"
#include "support/channels.hpp"

namespace vpinfer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::chrono::duration<double> kPatience{0.02};
constexpr std::chrono::duration<double> kLong{20};

void expect_sensible(const Speed& speed) {
  for (const double per_second :
       {speed.direct_flop_per_second, speed.winograd_flop_per_second, speed.blas_flop_per_second,
        speed.loop_flop_per_second, speed.memory_bytes_per_second}) {
    EXPECT_TRUE(std::isfinite(per_second));
    EXPECT_GT(per_second, 1e6);
    EXPECT_LT(per_second, 1e15);
  }
}

void expect_sensible(const Link& link) {
  EXPECT_TRUE(std::isfinite(link.bytes_per_second));
  EXPECT_GT(link.bytes_per_second, 0);
  for (const double seconds :
       {link.message_seconds, link.message_processor_seconds, link.byte_processor_seconds}) {
    EXPECT_TRUE(std::isfinite(seconds));
    EXPECT_GE(seconds, 0);
    EXPECT_LT(seconds, 10);
  }
}

TEST(MeasureSpeed, IsSensibleAndQuick) {
  for (const int threads : {1, 2}) {
    ThreadPool pool(threads);
    const Clock::time_point start = Clock::now();
    expect_sensible(measure_speed(pool, kPatience));
    EXPECT_LT(seconds_since(start), 10);  // each kernel runs a few times, whatever the patience
  }
}

TEST(MeasureLink, OfOneRankTakesNothing) {
  Loopback loopback(1, 1);
  Channel channel(loopback.rank(0), kLong);
  expect_sensible(measure_link(channel, kPatience).link);
}

TEST(IsShared, TellsAHubFromASlowNeighbour) {
  const auto shared = [](const std::vector<LinkRates>& rates) {
    std::vector<bool> all;
    for (std::size_t rank = 0; rank < rates.size(); ++rank) all.push_back(is_shared(rates, rank));
    return all;
  };
  EXPECT_EQ(shared({{40, 10}, {40, 12}, {40, 30}}), (std::vector<bool>{true, true, false}));
  EXPECT_EQ(shared({{941, 300}, {300, 290}, {941, 300}}), std::vector<bool>(3, false));
  EXPECT_EQ(shared({{941, 941}}), std::vector<bool>{false});
}

TEST(Calibrate, BringsEveryHostToRankZero) {
  for (const int ranks : {1, 2, 3}) {
    Loopback loopback(ranks, 5);
    const auto ends = run_channels(loopback, kLong, [&](Channel& channel) {
      ThreadPool pool(1);
      const Calibration calibration = calibrate(channel, pool, kPatience);
      EXPECT_GE(calibration.own.alone, calibration.own.together);
      EXPECT_GT(calibration.own.together, 0);
      const Cluster& cluster = calibration.cluster;
      if (channel.rank() != 0) return;
      ASSERT_EQ(calibration.links.size(), static_cast<std::size_t>(ranks));
      EXPECT_NEAR(calibration.links.front().alone, calibration.own.alone, 1);
      ASSERT_EQ(cluster.ranks(), ranks);
      for (int rank = 0; rank < ranks; ++rank) {
        const Host& host = cluster.host(rank);
        EXPECT_EQ(host.name, "host-" + std::to_string(rank));
        expect_sensible(host.speed);
        expect_sensible(host.link);
        EXPECT_GT(host.memory_bytes, 0U);
      }
    });
    EXPECT_THAT(messages(ends), IsEmpty());
    EXPECT_THAT(loopback.complaints(), IsEmpty());
  }
}

TEST(ShareMemory, LeavesRanksOnOneHostAPartEach) {
  Cluster cluster = cluster_of(4, {.name = "pi1", .memory_bytes = 300});
  cluster.hosts[1].name = "pi2";
  share_memory(cluster);
  std::vector<std::size_t> bytes;
  for (const Host& host : cluster.hosts) bytes.push_back(host.memory_bytes.value());
  EXPECT_THAT(bytes, ElementsAre(100, 300, 100, 100));
}

TEST(Calibrate, TellsWhatItMeasures) {
  Loopback loopback(3, 5);
  std::vector<std::string> told;
  const auto ends = run_channels(loopback, kLong, [&](Channel& channel) {
    ThreadPool pool(1);
    const Announce announce = [&](const std::string& doing) { told.push_back(doing); };
    (void)calibrate(channel, pool, kPatience, channel.rank() == 0 ? announce : Announce());
  });
  EXPECT_THAT(messages(ends), IsEmpty());
  EXPECT_THAT(told, ElementsAre("kernels", "links, all at once", "links, host-1 (1 of 2)",
                                "links, host-2 (2 of 2)"));
}

TEST(Machine, KnowsFreeMemoryAndProcessorTime) {
  EXPECT_GT(free_memory_bytes(), std::size_t{1} << 20U);
  const double before = processor_seconds();
  EXPECT_GT(before, 0);
  const Clock::time_point start = Clock::now();
  double work = 1;
  while (processor_seconds() < before + 0.02) {
    work = std::sqrt(work + 1);
    ASSERT_LT(seconds_since(start), 20) << work;
  }
}

}  // namespace
}  // namespace vpinfer
