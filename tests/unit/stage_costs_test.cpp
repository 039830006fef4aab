#include "search/stage_costs.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <utility>
#include <vector>

#include "support/random_cluster.hpp"
#include "support/random_network.hpp"

namespace vpinfer {
namespace {

/// A convolution, its output twice as large, and two convolutions of that.
Network enlarging() {
  Network network;
  add_input(network, {64, 64, 4}, "test");
  const Window window{3, 1, 1, 1};
  add_layer(network, Convolution{4, 1, window, window}, {0}, "test");
  add_layer(network, Resample{{128, 2}, {128, 2}}, {1}, "test");
  add_layer(network, Convolution{6, 1, window, window}, {2}, "test");
  add_layer(network, Convolution{6, 1, window, window}, {3}, "test");
  return network;
}

class StageCostsTest : public testing::Test {
 protected:
  [[nodiscard]] StageCosts costs(std::vector<int> cuts, const Cluster& cluster,
                                 StageCosts::Counts counts) const {
    return {network_, cluster, divide_alike(network_, on_rank(0)), std::move(cuts), {1, 2}, counts};
  }

  [[nodiscard]] static StageCosts::Cost cost(const StageCosts& costs, Interval runs,
                                             Interval hosts) {
    constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
    return costs.cost(runs, hosts, {kAll, kAll, kAll}).value();
  }

  Network network_ = enlarging();
  Cluster cluster_ = cluster_of(3, raspberry_pi_4());
};

TEST_F(StageCostsTest, HandOnWhatIsReadBehindThem) {
  const StageCosts stages = costs({0, 2, 3, 4}, cluster_, StageCosts::Counts::kProcessors);
  ASSERT_EQ(stages.runs(), 4);
  const auto handed_on = [&](int run) {
    return cost(stages, {0, run + 1}, {0, 1}).handed_on_bytes / sizeof(float);
  };
  EXPECT_EQ(handed_on(0), 64 * 64 * 4);
  EXPECT_EQ(handed_on(1), 64 * 64 * 4) << "who reads what is enlarged enlarges it";
  EXPECT_EQ(handed_on(2), 128 * 128 * 6);
  EXPECT_EQ(handed_on(3), 0);
}

TEST_F(StageCostsTest, AreSharedByATeamAndLessOnFasterHosts) {
  const Speed slow = slower(raspberry_pi_4().speed, 60);  // messages take nothing beside computing
  for (Host& host : cluster_.hosts) host.speed = slow;
  cluster_.hosts[2].speed = slower(slow, 1.0 / 3);
  const StageCosts stages = costs({0, 3}, cluster_, StageCosts::Counts::kProcessors);
  const double alone = cost(stages, {0, 2}, {0, 1}).seconds;
  EXPECT_LT(cost(stages, {0, 2}, {0, 2}).seconds, alone);
  EXPECT_NEAR(cost(stages, {0, 2}, {2, 3}).seconds, alone / 3, alone / 1000);
  EXPECT_LT(cost(stages, {0, 1}, {0, 1}).seconds, alone);
}

TEST_F(StageCostsTest, CountALinkThatIsBusierThanTheProcessor) {
  for (Host& host : cluster_.hosts) host.link.bytes_per_second = 1e3;
  const StageCosts stages = costs({0, 3}, cluster_, StageCosts::Counts::kProcessorsAndLinks);
  EXPECT_NEAR(cost(stages, {0, 1}, {0, 1}).seconds, 4 * 64 * 64 * 4 / 1e3, 1e-9);
  EXPECT_NEAR(cost(stages, {1, 2}, {1, 2}).seconds, 4 * 64 * 64 * 4 / 1e3, 1e-9);
}

TEST_F(StageCostsTest, AreNoneWhereNothingFits) {
  const StageCosts stages = costs({0, 3}, cluster_, StageCosts::Counts::kProcessors);
  EXPECT_FALSE(stages.cost({0, 2}, {0, 1}, {1, 1, 1}));
}

}  // namespace
}  // namespace vpinfer
