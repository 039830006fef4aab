#include "search/automatic.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "search/grids.hpp"
#include "search/planner.hpp"
#include "search/prediction.hpp"
#include "search/switching.hpp"
#include "search/work.hpp"
#include "support/random_cluster.hpp"
#include "support/random_network.hpp"
#include "support/yolov2.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// Hosts that are all alike, with as much memory as may be.
Cluster alike(int hosts) {
  Host host = raspberry_pi_4();
  host.memory_bytes.reset();
  return cluster_of(hosts, host);
}

Prediction predicted(const Network& network, const Plan& plan, const Cluster& cluster) {
  return predict({network, plan}, result_layers(network), cluster, {});
}

double latency(const Network& network, const Plan& plan, const Cluster& cluster) {
  return predicted(network, plan, cluster).latency_seconds;
}

/// Operations of all layers on a rank.
double flop_of_rank(const Network& network, const Plan& plan, int rank) {
  const Distribution distribution(network, plan);
  double flops = 0;
  for (int i = 0; i < network.size(); ++i)
    flops += flop(network, i, distribution.computed(i, rank));
  return flops;
}

int used_ranks(const Network& network, const Plan& plan) {
  int used = 0;
  for (int rank = 0; rank < plan.ranks; ++rank)
    used += flop_of_rank(network, plan, rank) > 0 ? 1 : 0;
  return used;
}

/// Convolutions of 3x3 pixels one after another, the maps ever smaller and deeper.
Network chain(int convolutions, int size = 64) {
  Network network;
  add_input(network, {size, size, 3}, "test");
  const Window window{3, 1, 1, 1};
  const Window two{2, 2, 0, 0};
  int channels = 16;
  for (int i = 0; i < convolutions; ++i) {
    add_layer(network, Convolution{channels, 1, window, window, Activation::kRelu},
              {network.size() - 1}, "test");
    if (i % 2 == 1 || i + 1 == convolutions) continue;
    add_layer(network, MaxPool{two, two}, {network.size() - 1}, "test");
    channels *= 2;
  }
  return network;
}

TEST(PlanAutomatically, BeatsTheOtherStrategiesByPrediction) {
  const Network network = yolov2();
  for (const int ranks : {3, 8}) {
    const Cluster cluster = alike(ranks);
    const Plan plan = make_plan(network, Strategy::kAuto, cluster);
    EXPECT_EQ(plan.strategy, Strategy::kAuto);
    const double seconds = latency(network, plan, cluster);
    for (const Strategy strategy : kStrategies) {
      if (strategy == Strategy::kAuto) continue;
      EXPECT_LT(seconds, latency(network, make_plan(network, strategy, cluster), cluster))
          << to_string(strategy) << " on " << ranks;
    }
  }
}

TEST(PlanAutomatically, TakesTheLeastOfWhatItsObjectiveIs) {
  const Network network = chain(6);
  const Cluster cluster = alike(4);
  const auto plan_for = [&](Objective objective) {
    return predicted(
        network, make_plan(network, Strategy::kAuto, cluster, {.objective = objective}), cluster);
  };
  const Prediction memory = plan_for(Objective::kMemory);
  const Prediction time = plan_for(Objective::kLatency);
  const Prediction stream = plan_for(Objective::kThroughput);
  EXPECT_LE(fullest(memory.memory).bytes, fullest(time.memory).bytes);
  EXPECT_LE(fullest(memory.memory).bytes, fullest(stream.memory).bytes);
  EXPECT_LE(time.latency_seconds, memory.latency_seconds);
  EXPECT_LE(time.latency_seconds, stream.latency_seconds);
  EXPECT_LE(stream.period_seconds, memory.period_seconds);
  EXPECT_LE(stream.period_seconds, time.period_seconds);
  EXPECT_EQ(latency(network, make_plan(network, Strategy::kAuto, cluster), cluster),
            time.latency_seconds)
      << "unless told otherwise";
}

TEST(PlanAutomatically, GivesASlowHostLittle) {
  const Network network = yolov2();
  for (const int slow : {0, 2}) {
    Cluster cluster = alike(4);
    Speed& speed = cluster.hosts[static_cast<std::size_t>(slow)].speed;
    speed = slower(speed, 10);
    const Plan plan = make_plan(network, Strategy::kAuto, cluster);
    double all = 0;
    for (int rank = 0; rank < 4; ++rank) all += flop_of_rank(network, plan, rank);
    EXPECT_LT(flop_of_rank(network, plan, slow), 0.1 * all) << "instead of a quarter";
    const Plan equal_shares = make_plan(network, Strategy::kAuto, alike(4));
    EXPECT_LT(latency(network, plan, cluster), 0.5 * latency(network, equal_shares, cluster));
  }
}

TEST(PlanAutomatically, IsNoSlowerWithAHostThatIsInTheWay) {
  for (const Network& network : {yolov2(), chain(4, 256), random_network(3)}) {
    const Cluster fast = alike(3);
    Cluster mixed = fast;
    mixed.hosts.push_back(fast.hosts.front());
    mixed.hosts.back().speed = slower(fast.host(0).speed, 100);
    mixed.hosts.back().link.message_seconds *= 100;
    const Plan plan = make_plan(network, Strategy::kAuto, mixed);
    EXPECT_LE(latency(network, plan, mixed),
              latency(network, make_plan(network, Strategy::kAuto, fast), fast));
    EXPECT_EQ(flop_of_rank(network, plan, 3), 0);
  }
}

TEST(PlanAutomatically, UsesOneHostIfTheLinkIsVerySlow) {
  const Network network = yolov2();
  Cluster cluster = alike(4);
  for (Host& host : cluster.hosts) host.link.bytes_per_second = 1000;
  const Plan plan = make_plan(network, Strategy::kAuto, cluster);
  EXPECT_EQ(used_ranks(network, plan), 1);
  EXPECT_GT(flop_of_rank(network, plan, 0), 0);
  EXPECT_EQ(used_ranks(network, make_plan(network, Strategy::kAuto, alike(4))), 4);
}

TEST(PlanAutomatically, KeepsWithinEveryHostsMemory) {
  constexpr std::size_t kMebi = 1U << 20U;
  const Network network = yolov2();
  Cluster cluster = alike(8);
  const Plan lean =
      make_plan(network, Strategy::kAuto, cluster, {.memory_limit_bytes = 60 * kMebi});
  EXPECT_LE(fullest(predicted(network, lean, cluster).memory).bytes, 60 * kMebi);
  for (std::size_t rank = 0; rank < 8; ++rank) {
    cluster.hosts[rank].memory_bytes = (rank % 2 == 0 ? 45 : 110) * kMebi;
  }
  const Plan plan = make_plan(network, Strategy::kAuto, cluster);
  const Prediction prediction = predicted(network, plan, cluster);
  for (std::size_t rank = 0; rank < 8; ++rank) {
    EXPECT_LE(prediction.memory[rank].total(), *cluster.hosts[rank].memory_bytes) << rank;
  }
}

TEST(PlanAutomatically, NamesTheHostThatLacksMemory) {
  const Network network = yolov2();
  Cluster cluster = alike(3);
  for (Host& host : cluster.hosts) host.name = "small";
  cluster.hosts[1].name = "smallest";
  const auto refusal = [&](const PlanningOptions& options) -> std::string {
    try {
      (void)make_plan(network, Strategy::kAuto, cluster, options);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ExitCode::kNotEnoughMemory);
      return e.what();
    }
    return "no error";
  };
  EXPECT_THAT(refusal({.memory_limit_bytes = 5'000'000}),
              AllOf(HasSubstr("no plan fits: rank "), HasSubstr("(small"),
                    HasSubstr("import the model with --half"), testing::Not(HasSubstr("\n"))));
  EXPECT_THAT(refusal({.memory_limit_bytes = 50'000'000}), HasSubstr(" such hosts would do"));
  cluster.hosts[1].memory_bytes = 1000;
  EXPECT_THAT(refusal({}), HasSubstr("rank 1 (smallest) lacks "));
}

TEST(PlanAutomatically, PlansForAnyCluster) {
  for (std::uint32_t seed = 0; seed < 30; ++seed) {
    const Network network = random_network(seed);
    const Cluster cluster = random_cluster(1 + static_cast<int>(seed % 9), seed);
    const Plan plan = make_plan(network, Strategy::kAuto, cluster);
    const double seconds = latency(network, plan, cluster);
    EXPECT_GT(seconds, 0);
    EXPECT_EQ(plan, make_plan(network, Strategy::kAuto, cluster));
    for (const Strategy strategy : kStrategies) {
      EXPECT_LE(seconds, latency(network, make_plan(network, strategy, cluster), cluster))
          << to_string(strategy) << ", seed " << seed;
    }
  }
}

/// All ways to give each digit a value.
std::vector<Digits> all_digits(std::size_t digits, int values) {
  std::vector<Digits> all{Digits(digits, 0)};
  while (true) {
    Digits next = all.back();
    std::size_t i = 0;
    while (i < digits && ++next[i] == values) next[i++] = 0;
    if (i == digits) return all;
    all.push_back(next);
  }
}

/// Convolutions and poolings of a chain, all cut in one of some ways.
LayerDivisions space_of(const Network& network, const std::vector<Division>& ways) {
  LayerDivisions space(network, divide_alike(network, ways.front()));
  for (const int position : layers_divided_by_choice(network)) space.vary(position, ways);
  return space;
}

TEST(BestSwitches, AreTheBestOfAllWaysToCutAChain) {
  for (const int convolutions : {2, 3, 4}) {
    const Network network = chain(convolutions);
    for (std::uint32_t seed = 0; seed < 8; ++seed) {
      const Cluster cluster = seed == 0 ? alike(3) : random_cluster(3, seed);
      const std::vector<int> ranks{0, 1, 2};
      const std::vector<Division> ways{
          {.rows = 3, .ranks = ranks}, {.channels = 3, .ranks = ranks}, on_rank(0)};
      const LayerDivisions space = space_of(network, ways);
      const Evaluator evaluator(network, cluster, {});
      const auto seconds = [&](const Digits& digits) {
        return evaluator.evaluate(space.choice(digits), Strategy::kAuto).latency_seconds;
      };
      double least = std::numeric_limits<double>::max();
      for (const Digits& digits : all_digits(space.positions().size(), 3)) {
        least = std::min(least, seconds(digits));
      }
      EXPECT_NEAR(seconds(SwitchTable(evaluator, space).cheapest(0)), least, 1e-9 * least)
          << convolutions << " convolutions, seed " << seed;
    }
  }
}

/// Convolutions of a residual block and one after it.
Network residual() {
  Network network = chain(1, 256);
  const Window window{3, 1, 1, 1};
  for (int i = 0; i < 2; ++i) {
    add_layer(network, Convolution{16, 1, window, window, Activation::kRelu}, {network.size() - 1},
              "test");
  }
  add_layer(network, Elementwise{}, {1, network.size() - 1}, "test");
  add_layer(network, Convolution{64, 1, window, window, Activation::kRelu}, {network.size() - 1},
            "test");
  return network;
}

/// The least latency of all ways to cut each layer in a grid of all hosts, each simulated.
double best_of_all_grids(const Network& network, const Cluster& cluster) {
  std::vector<int> ranks(cluster.hosts.size());
  std::iota(ranks.begin(), ranks.end(), 0);
  const LayerDivisions space = space_of(network, grids(ranks, speeds(network, {}, cluster)));
  const Evaluator evaluator(network, cluster, {});
  double least = std::numeric_limits<double>::max();
  for (const Digits& digits : all_digits(space.positions().size(), space.values().front())) {
    const Plan plan = evaluator.evaluate(space.choice(digits), Strategy::kAuto).plan;
    least = std::min(least, latency(network, plan, cluster));
  }
  return least;
}

/// The search looks at sums of what layers take, the simulation at what overlaps.  In chains it
/// comes within 3 % of the best, or finds what is better than any grid of all hosts.
TEST(PlanAutomatically, IsCloseToTheBestOfAllGrids) {
  struct Case {
    Network network;
    int hosts;
    double furthest;  // from the best
  };
  const std::vector<Case> cases{{chain(5, 256), 2, 1.03},
                                {chain(4, 256), 3, 1.03},
                                {residual(), 3, 1.1},
                                {chain(3, 256), 4, 1.03}};
  for (const auto& [network, hosts, furthest] : cases) {
    for (std::uint32_t seed = 0; seed < 4; ++seed) {
      Cluster cluster = alike(hosts);
      if (seed % 2 == 1) {
        for (Host& host : cluster.hosts) host.link.bytes_per_second /= 10;
      }
      for (Host& host : cluster.hosts) host.speed = slower(host.speed, 20);
      if (seed >= 2) cluster.hosts.back().speed = slower(cluster.hosts.back().speed, 1.5);
      const double found = latency(network, make_plan(network, Strategy::kAuto, cluster), cluster);
      const double best = best_of_all_grids(network, cluster);
      EXPECT_LE(found, furthest * best)
          << network.size() << " layers, " << hosts << " hosts, seed " << seed;
    }
  }
}

TEST(BestSwitches, TakeFewerWeightsTheDearerTheyAre) {
  const Network network = yolov2();
  const Cluster cluster = alike(4);
  const LayerDivisions space = space_of(network, grids({0, 1, 2, 3}, {1, 1, 1, 1}));
  const Evaluator evaluator(network, cluster, {});
  const SwitchTable switches(evaluator, space);
  std::vector<std::size_t> bytes;
  std::vector<double> seconds;
  for (const double price : {0.0, 1e-9, 1e-6}) {
    const Evaluation evaluation =
        evaluator.evaluate(space.choice(switches.cheapest(price)), Strategy::kAuto);
    std::size_t most = 0;
    for (int rank = 0; rank < 4; ++rank) {
      most = std::max(most, Distribution(network, evaluation.plan).weight_bytes(rank).total());
    }
    bytes.push_back(most);
    seconds.push_back(evaluation.latency_seconds);
  }
  EXPECT_GE(bytes[0], bytes[1]);
  EXPECT_GE(bytes[1], bytes[2]);
  EXPECT_GT(bytes[0], bytes[2]);
  EXPECT_LE(seconds[0], seconds[2]);
}

TEST(BestSwitches, OfNothingThatVariesAreNone) {
  Network network;
  add_input(network, {4, 4, 3}, "test");
  const Cluster cluster = alike(2);
  const Evaluator evaluator(network, cluster, {});
  const LayerDivisions space = space_of(network, {in_rows(2)});
  EXPECT_THAT(SwitchTable(evaluator, space).cheapest(0), testing::IsEmpty());
}

TEST(Grids, CutChannelsAndSumsAtOnce) {
  const std::vector<int> ranks{0, 1, 2, 3, 4, 5, 6, 7};
  const std::vector<double> alike(ranks.size(), 1);
  const auto of = [&](int rows, int channels, int sums) {
    return Division{
        .rows = rows, .channels = channels, .sums = sums, .ranks = ranks, .proportions = alike};
  };
  EXPECT_THAT(grids(ranks, alike), testing::IsSupersetOf({of(1, 4, 2), of(1, 2, 4), of(2, 2, 2)}));
}

TEST(Grids, ComeInAllWaysThatUseEveryRankOnce) {
  EXPECT_EQ(grids({3}, {1}),
            (std::vector<Division>{{.rows = 1, .ranks = {3}, .proportions = {1}}}));
  for (int size = 2; size <= 12; ++size) {
    std::vector<int> ranks(static_cast<std::size_t>(size));
    std::iota(ranks.begin(), ranks.end(), 1);
    std::vector<double> proportions(ranks.size(), 1);
    proportions[1] = 2;
    const std::vector<Division> all = grids(ranks, proportions);
    EXPECT_EQ(all.front(), (Division{.rows = size, .ranks = ranks, .proportions = proportions}));
    EXPECT_EQ(all.back(), on_rank(2)) << "which is the fastest";
    for (std::size_t i = 0; i + 1 < all.size(); ++i) {
      EXPECT_EQ(all[i].rows * all[i].cols * all[i].channels * all[i].sums, size);
      EXPECT_EQ(all[i].ranks, ranks);
      EXPECT_EQ(all[i].proportions, proportions);
      for (std::size_t j = 0; j < i; ++j) EXPECT_FALSE(all[j] == all[i]);
    }
  }
}

}  // namespace
}  // namespace vpinfer
