#include "search/pipeline.hpp"

#include <gtest/gtest.h>

#include <set>

#include "search/choice.hpp"
#include "search/planner.hpp"
#include "support/random_network.hpp"
#include "support/yolov2.hpp"

namespace vpinfer {
namespace {

/// Rank 0, and those that compute something that not everyone does who reads it.
std::set<int> computing_ranks(const Network& network, const Plan& plan) {
  std::set<int> ranks{0};
  for (int position = 1; position < network.size(); ++position) {
    if (stays_on_rank_0(network.layer(position)) || is_cheaper_repeated(network, position)) {
      continue;
    }
    for (int rank = 0; rank < plan.ranks; ++rank) {
      if (!plan.owned(position, rank).empty()) ranks.insert(rank);
    }
  }
  return ranks;
}

TEST(Stages, AreAsManyAsRanksThatComputeInASequentialPlan) {
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    const Network network = random_network(seed);
    for (int ranks = 1; ranks < 10; ++ranks) {
      const Plan plan = make_plan(network, Strategy::kSequential, ranks);
      EXPECT_EQ(count_stages(network, plan), std::ssize(computing_ranks(network, plan)))
          << "seed " << seed << ", " << ranks << " ranks";
    }
  }
}

TEST(Stages, AreOneInAnyOtherPlanOfYolov2) {
  const Network network = yolov2();
  for (int ranks = 1; ranks < 10; ++ranks) {
    for (const Strategy strategy : kStrategies) {
      if (strategy == Strategy::kSequential) continue;
      EXPECT_EQ(count_stages(network, make_plan(network, strategy, ranks)), 1)
          << to_string(strategy) << " on " << ranks << " ranks";
    }
  }
}

/// Four convolutions.
class HandMadePlan : public testing::Test {
 protected:
  HandMadePlan() {
    network_.layers.push_back({Input{}, {}, {8, 8, 4}});
    const Window window{3, 1, 1, 1};
    for (int i = 0; i < 4; ++i) {
      add_layer(network_, Convolution{4, 1, window, window, Activation::kRelu}, {i}, "test");
    }
  }

  /// The input on rank 0 and every convolution on the given rank, under the name of `data`.
  [[nodiscard]] Plan on_ranks(const std::vector<int>& owners) const {
    Plan plan{Strategy::kData, 3, {}};
    for (int position = 0; position < network_.size(); ++position) {
      Layout layout(3);
      const int owner = position == 0 ? 0 : owners[static_cast<std::size_t>(position - 1)];
      layout[static_cast<std::size_t>(owner)] = whole(network_.layer(position).output);
      plan.layers.push_back({layout});
    }
    return plan;
  }

  Network network_;
};

TEST_F(HandMadePlan, HasStagesUnderAnyName) {
  EXPECT_EQ(count_stages(network_, on_ranks({0, 1, 1, 2})), 3);
  EXPECT_EQ(count_stages(network_, on_ranks({0, 0, 0, 2})), 2);
  EXPECT_EQ(count_stages(network_, on_ranks({0, 2, 2, 1})), 3);
  EXPECT_EQ(count_stages(network_, on_ranks({1, 1, 1, 1})), 2) << "rank 0 reads the next picture";
}

TEST_F(HandMadePlan, HasOneIfAFrameComesBackOrStays) {
  EXPECT_EQ(count_stages(network_, on_ranks({0, 1, 0, 1})), 1);
  EXPECT_EQ(count_stages(network_, on_ranks({0, 0, 0, 0})), 1);
}

TEST_F(HandMadePlan, HasStagesOfSeveralRanks) {
  const Box all = whole({8, 8, 4});
  Plan tiles = on_ranks({0, 1, 1, 1});
  tiles.layers[2].owned = {{}, {{0, 4}, all.cols, all.channels}, {{4, 8}, all.cols, all.channels}};
  EXPECT_EQ(count_stages(network_, tiles), 2);
  tiles.layers[4].owned = {all, {}, {}};
  EXPECT_EQ(count_stages(network_, tiles), 1) << "the frame comes back to rank 0";
  Plan twice = on_ranks({0, 1, 2, 2});
  twice.layers[2].owned = {{}, all, all};
  EXPECT_EQ(count_stages(network_, twice), 2);
  Plan sums = on_ranks({0, 1, 1, 2});
  sums.layers[3].sums = {{all, {0, 1}}, {all, {1, 2}}, {all, {2, 4}}};
  EXPECT_EQ(count_stages(network_, sums), 1) << "rank 0 has sums of a later stage";
}

TEST_F(HandMadePlan, HasStagesOfSoManyRanks) {
  EXPECT_EQ(stage_sizes(network_, on_ranks({0, 1, 1, 2})), (std::vector{1, 1, 1}));
  EXPECT_EQ(stage_sizes(network_, on_ranks({0, 0, 0, 2})), (std::vector{1, 1}));
  EXPECT_EQ(stage_sizes(network_, on_ranks({0, 0, 0, 0})), (std::vector{1}));
  EXPECT_EQ(stage_sizes(network_, on_ranks({0, 1, 0, 1})), (std::vector{2})) << "it comes back";
  const Box all = whole({8, 8, 4});
  Plan tiles = on_ranks({0, 1, 1, 1});
  tiles.layers[2].owned = {{}, {{0, 4}, all.cols, all.channels}, {{4, 8}, all.cols, all.channels}};
  EXPECT_EQ(stage_sizes(network_, tiles), (std::vector{1, 2}));
}

}  // namespace
}  // namespace vpinfer
