#include "support/every_plan.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "support/random_network.hpp"
#include "vpinfer/plan/planner.hpp"

namespace vpinfer {

void for_every_plan(Interval seeds,
                    const std::function<void(const Network& network, const Plan& plan)>& check) {
  for (int i = seeds.begin; i < seeds.end; ++i) {
    const auto seed = static_cast<std::uint32_t>(i);
    const Network network = random_network(seed);
    // Every seed takes some of the rank counts, so that a sweep takes all of them.
    for (const int ranks : {1 + i % 9, 2 + (i + 4) % 8, 50}) {
      std::vector<Plan> plans{
          make_plan(network, Strategy::kSingle, ranks), make_plan(network, Strategy::kData, ranks),
          make_plan(network, Strategy::kVertical, ranks), random_plan(network, ranks, seed),
          random_plan(network, ranks, seed + 1000)};
      plans.push_back(with_halves(plans[1 + seed % 2]));  // data or vertical
      plans.push_back(with_halves(plans[4]));
      for (std::size_t plan = 0; plan < plans.size(); ++plan) {
        SCOPED_TRACE("seed " + std::to_string(seed) + ", " + std::to_string(ranks) +
                     " ranks, plan " + std::to_string(plan));
        check(network, plans[plan]);
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

Plan with_halves(Plan plan) {
  plan.wire = WireFormat::kHalf;
  return plan;
}

Delivery all_layers(const Network& network) {
  Delivery all(network.layers.size());
  std::iota(all.begin(), all.end(), 0);
  return all;
}

}  // namespace vpinfer
