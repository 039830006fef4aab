#include <gtest/gtest.h>

#include "search/choice.hpp"
#include "search/pipeline.hpp"
#include "search/planner.hpp"

namespace vpinfer {
namespace {

/// A network of convolutions with an island of `elements` behind the second of them.
class IslandPlans : public testing::Test {
 protected:
  static Network network(int rows) {
    Network network;
    add_input(network, {rows, rows, 4}, "test");
    const Window window{3, 1, 1, 1};
    const Convolution convolution{8, 1, window, window, Activation::kRelu};
    add_layer(network, convolution, {0}, "test");
    add_layer(network, convolution, {1}, "test");
    add_layer(network, island({1, 8, rows, rows}), {2}, "test");
    for (int i = kIsland; i < kIsland + 3; ++i) add_layer(network, convolution, {i}, "test");
    return network;
  }

  /// The picture about its diagonal.
  static Island island(const OnnxDims& dims) {
    OnnxNode node{"Transpose", "", "turn", {"x"}, {"y"}, {}, {}};
    node.attributes["perm"] = std::vector<std::int64_t>{0, 1, 3, 2};
    return {node, 13, {{0, {dims, kChannelsFirst}, {}}}, 0, {dims, kChannelsFirst}};
  }

  static int ranks_with_all(const Network& network, const Plan& plan) {
    int ranks = 0;
    for (int rank = 0; rank < plan.ranks; ++rank) {
      if (plan.owned(kIsland, rank) == whole(network.layer(kIsland).output)) ++ranks;
    }
    return ranks;
  }

  static int ranks_with_some(const Plan& plan) {
    int ranks = 0;
    for (int rank = 0; rank < plan.ranks; ++rank) {
      if (!plan.owned(kIsland, rank).empty()) ++ranks;
    }
    return ranks;
  }

  static constexpr int kIsland = 3;
};

TEST_F(IslandPlans, KeepIslandsInTheStageOfWhatTheyRead) {
  const Network large = network(160);
  for (int ranks = 2; ranks <= 4; ++ranks) {
    const Plan plan = make_plan(large, Strategy::kSequential, ranks);
    EXPECT_EQ(ranks_with_all(large, plan), 1);
    EXPECT_EQ(count_stages(large, plan), ranks) << to_json(plan);
  }
}

TEST_F(IslandPlans, GiveLargeIslandsToTheFastestHost) {
  Cluster cluster = cluster_of(3, raspberry_pi_4());
  for (Host* slow : {&cluster.hosts[0], &cluster.hosts[2]}) {
    slow->speed.loop_flop_per_second /= 50;
  }
  const Network large = network(160);
  for (const Strategy strategy : {Strategy::kVertical, Strategy::kData, Strategy::kAuto}) {
    const Plan plan = make_plan(large, strategy, cluster);
    EXPECT_EQ(plan.owned(kIsland, 1), whole(large.layer(kIsland).output)) << to_string(strategy);
    EXPECT_EQ(ranks_with_some(plan), 1) << to_string(strategy);
  }
}

TEST_F(IslandPlans, RepeatSmallIslandsWhereTheyAreRead) {
  const Network small = network(16);
  EXPECT_EQ(ranks_with_some(make_plan(small, Strategy::kData, 3)), 3);
}

}  // namespace
}  // namespace vpinfer
