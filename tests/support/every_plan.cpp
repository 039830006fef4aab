#include "support/every_plan.hpp"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <random>

#include "base/wire_format.hpp"
#include "search/planner.hpp"
#include "search/stages.hpp"
#include "support/random_cluster.hpp"
#include "support/random_network.hpp"

namespace vpinfer {
namespace {

/// The same plan with all formats on the wire in turns.
Plan with_mixed_wire(Plan plan) {
  for (std::size_t i = 0; i < plan.layers.size(); ++i) {
    plan.layers[i].wire = kWireFormats[i % kWireFormats.size()];
    plan.layers[i].sums_wire = kWireFormats[(i + 1) % kWireFormats.size()];
  }
  return plan;
}

/// For hosts of different speeds, for one objective or another.
Plan automatic_plan(const Network& network, int ranks, std::uint32_t seed) {
  constexpr std::array kObjectives{Objective::kLatency, Objective::kThroughput, Objective::kMemory};
  return make_plan(network, Strategy::kAuto, random_cluster(ranks, seed),
                   {.objective = kObjectives[seed % kObjectives.size()]});
}

/// Stages of teams of such hosts, every layer cut at random among its team.
Plan plan_of_stages(const Network& network, int ranks, std::uint32_t seed) {
  const Cluster cluster = random_cluster(ranks, seed);
  const Evaluator evaluator(network, cluster, {});
  const Stages stages(evaluator, divide_alike(network, on_rank(0)), {.largest_team = ranks});
  std::mt19937 generator(seed);
  Digits digits;
  for (const int values : stages.values()) {
    digits.push_back(std::uniform_int_distribution(0, values - 1)(generator));
  }
  return evaluator.evaluate(stages.choice(digits), Strategy::kAuto).plan;
}

}  // namespace

Plan with_wire(Plan plan, WireFormat wire) {
  return with_formats(std::move(plan), {.wire = wire});
}

Plan with_blas(Plan plan) {
  return with_formats(std::move(plan), {.conv = ConvolutionPath::kBlas});
}

std::vector<Plan> every_plan(const Network& network, int ranks, std::uint32_t seed) {
  std::vector<Plan> plans;
  for (const Strategy strategy : kStrategies) {
    if (strategy == Strategy::kAuto)
      continue;  // of hosts that are all alike it is one of the others
    plans.push_back(make_plan(network, strategy, ranks));
  }
  plans.push_back(make_plan(network, Strategy::kData, ranks, {.fuse = 2}));
  // Less than floats between the ranks of one or the other.
  plans.push_back(
      with_wire(plans[seed % plans.size()], seed % 2 == 0 ? WireFormat::kHalf : WireFormat::kInt8));
  plans.push_back(with_mixed_wire(random_plan(network, ranks, seed + 2000)));
  plans.push_back(with_blas(random_plan(network, ranks, seed + 3000)));
  plans.push_back(random_plan(network, ranks, seed));
  plans.push_back(random_grids(network, ranks, seed + 1000));
  if (ranks < 10) {
    plans.push_back(automatic_plan(network, ranks, seed));
    plans.push_back(plan_of_stages(network, ranks, seed + 4000));
  }
  return plans;
}

void for_every_plan(Interval seeds,
                    const std::function<void(const Network& network, const Plan& plan)>& check) {
  for (int i = seeds.begin; i < seeds.end; ++i) {
    const auto seed = static_cast<std::uint32_t>(i);
    const Network network = random_network(seed);
    // Every seed takes some of the rank counts, so that a sweep takes all of them.
    for (const int ranks : {1 + i % 9, 2 + (i + 4) % 8, 50}) {
      const std::vector<Plan> plans = every_plan(network, ranks, seed);
      for (std::size_t plan = 0; plan < plans.size(); ++plan) {
        SCOPED_TRACE("seed " + std::to_string(seed) + ", " + std::to_string(ranks) +
                     " ranks, plan " + std::to_string(plan));
        check(network, plans[plan]);
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

Delivery all_layers(const Network& network) {
  Delivery all(network.layers.size());
  std::iota(all.begin(), all.end(), 0);
  return all;
}

}  // namespace vpinfer
