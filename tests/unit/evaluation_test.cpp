#include "search/evaluation.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "search/planner.hpp"
#include "support/every_plan.hpp"
#include "support/random_cluster.hpp"
#include "support/random_network.hpp"
#include "support/yolov2.hpp"

namespace vpinfer {
namespace {

constexpr std::size_t kAnything = std::numeric_limits<std::size_t>::max();

Evaluation evaluated(const Network& network, const Plan& plan, const Cluster& cluster) {
  return Evaluator(network, cluster, {}).evaluate(plan);
}

TEST(Evaluator, GivesTheSameWhateverItIsToldToBeSimilar) {
  for (std::uint32_t seed = 0; seed < 10; ++seed) {
    const Network network = random_network(seed);
    const Cluster cluster = cluster_of(4, raspberry_pi_4());
    const Evaluator evaluator(network, cluster, {.lanes = 2});
    Evaluation known = evaluator.evaluate(make_plan(network, Strategy::kVertical, 4));
    evaluator.add_memory(known, kAnything);
    for (const Plan& plan : every_plan(network, 4, seed)) {
      Evaluation alone = evaluator.evaluate(plan);
      Evaluation similar = evaluator.evaluate(plan, known);
      EXPECT_EQ(similar.moved_bytes, alone.moved_bytes);
      EXPECT_EQ(similar.latency_seconds, alone.latency_seconds);
      EXPECT_EQ(similar.period_seconds, alone.period_seconds);
      EXPECT_TRUE(evaluator.add_memory(alone, kAnything));
      EXPECT_TRUE(evaluator.add_memory(similar, kAnything, known));
      EXPECT_EQ(similar.memory, alone.memory);
      EXPECT_EQ(alone.memory,
                predict_memory({network, plan}, result_layers(network), {.lanes = 2}));
    }
  }
}

TEST(Evaluator, WaitsForTheSlowestHost) {
  const Network network = yolov2();
  const Plan plan = make_plan(network, Strategy::kData, 4);
  Cluster cluster = cluster_of(4, raspberry_pi_4());
  const Evaluation alike = evaluated(network, plan, cluster);
  cluster.hosts[2].speed = slower(cluster.hosts[2].speed, 4);
  const Evaluation slow_host = evaluated(network, plan, cluster);
  EXPECT_GT(slow_host.latency_seconds, 2 * alike.latency_seconds);
  cluster = cluster_of(4, raspberry_pi_4());
  cluster.hosts[2].link.bytes_per_second /= 100;
  EXPECT_GT(evaluated(network, plan, cluster).latency_seconds, 2 * alike.latency_seconds);
  EXPECT_EQ(evaluated(network, plan, cluster).moved_bytes, alike.moved_bytes);
}

TEST(Evaluator, TellsThePeriodOfAPipelineFromItsLatency) {
  const Network network = yolov2();
  const Cluster cluster = cluster_of(4, raspberry_pi_4());
  const Evaluation alone = evaluated(network, make_plan(network, Strategy::kSingle, 4), cluster);
  EXPECT_NEAR(alone.period_seconds, alone.latency_seconds, 1e-9);
  const Evaluation stages =
      evaluated(network, make_plan(network, Strategy::kSequential, 4), cluster);
  EXPECT_GT(stages.latency_seconds, alone.latency_seconds);
  EXPECT_LT(stages.period_seconds, alone.period_seconds / 2);
}

TEST(MakePlan, GivesSlowHostsShorterStages) {
  const Network network = yolov2();
  Cluster cluster = cluster_of(3, raspberry_pi_4());
  cluster.hosts[1].speed = slower(cluster.hosts[1].speed, 8);
  const auto work_of_rank_1 = [&](const Plan& plan) {
    double flops = 0;
    for (int i = 0; i < network.size(); ++i) flops += flop(network, i, plan.owned(i, 1));
    return flops;
  };
  const Plan fitted = make_plan(network, Strategy::kSequential, cluster);
  const Plan alike = make_plan(network, Strategy::kSequential, 3);
  EXPECT_LT(work_of_rank_1(fitted), work_of_rank_1(alike) / 2);
  EXPECT_LT(evaluated(network, fitted, cluster).period_seconds,
            evaluated(network, alike, cluster).period_seconds);
}

}  // namespace
}  // namespace vpinfer
