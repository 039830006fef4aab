#include "search/front.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vpinfer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A plan by its measures alone.
struct Measures {
  std::size_t bytes = 0;
  double latency = 0;
  double period = 0;
  bool operator==(const Measures&) const = default;
};

PredictedPlan plan_of(const Measures& measures) {
  RankMemory fullest;
  fullest.weights = measures.bytes;
  PredictedPlan plan;
  plan.prediction.memory = {{}, fullest};
  plan.prediction.latency_seconds = measures.latency;
  plan.prediction.period_seconds = measures.period;
  return plan;
}

std::vector<PredictedPlan> plans_of(const std::vector<Measures>& all) {
  std::vector<PredictedPlan> plans;
  for (const Measures& measures : all) plans.push_back(plan_of(measures));
  return plans;
}

std::vector<Measures> measures_of(const std::vector<PredictedPlan>& plans) {
  std::vector<Measures> all;
  for (const PredictedPlan& plan : plans) {
    all.push_back({plan.prediction.memory[1].weights, plan.prediction.latency_seconds,
                   plan.prediction.period_seconds});
  }
  return all;
}

std::vector<Measures> thinned(const std::vector<Measures>& all, double times = 1.02) {
  return measures_of(thin_out(plans_of(all), times));
}

TEST(Front, KeepsWhatNoOtherBeats) {
  Front front;
  for (const Measures& measures : std::vector<Measures>{
           {100, 1, 1}, {100, 1, 1}, {50, 2, 2}, {60, 2, 2}, {200, 2, 0.5}, {90, 1, 1}}) {
    front.add(plan_of(measures));
  }
  EXPECT_THAT(measures_of(front.plans()),
              ElementsAre(Measures{50, 2, 2}, Measures{200, 2, 0.5}, Measures{90, 1, 1}));
}

TEST(Front, HasABestForEachObjective) {
  const auto plans = plans_of({{100, 1, 3}, {50, 2, 2}, {200, 3, 1}});
  EXPECT_EQ(best_for(Objective::kLatency, plans), 0U);
  EXPECT_EQ(best_for(Objective::kMemory, plans), 1U);
  EXPECT_EQ(best_for(Objective::kThroughput, plans), 2U);
}

TEST(ThinOut, LeavesOutWhatIsHardlyBetterInAnything) {
  const Measures fast{100, 1, 1};
  const Measures lean{50, 2, 2};
  EXPECT_THAT(thinned({fast, {99, 1.01, 1.01}, lean}), ElementsAre(fast, lean));
  EXPECT_THAT(thinned({fast, {99, 1.5, 1.01}, lean}), ElementsAre(fast, lean))
      << "much worse in something, too";
  const Measures between{97, 1.01, 1.01};
  EXPECT_THAT(thinned({fast, between, lean}), ElementsAre(fast, between, lean))
      << "much better in memory";
}

TEST(ThinOut, KeepsTheBestOfEachObjectiveInTheirOrder) {
  const Measures fastest{100, 1, 1.01};
  const Measures leanest{99, 1.01, 1.005};
  const Measures busiest{101, 1.005, 1};
  EXPECT_THAT(thinned({fastest, {99, 1.02, 1.003}, busiest, leanest}),
              ElementsAre(fastest, Measures{99, 1.02, 1.003}, busiest))
      << "the first of equal ones";
  EXPECT_THAT(thinned({fastest, {100, 1.004, 1.005}, busiest, leanest}),
              ElementsAre(fastest, busiest, leanest));
}

TEST(ThinOut, LeavesNothingOutThatNothingListedComesNear) {
  std::vector<Measures> many;
  for (int i = 0; i < 200; ++i) {
    many.push_back({static_cast<std::size_t>(100'000 + 300 * i), 2 - 0.004 * i, 1 + 0.001 * i});
  }
  const auto few = thin_out(plans_of(many), 1.02);
  EXPECT_LT(few.size(), 100U);
  for (const PredictedPlan& plan : plans_of(many)) {
    EXPECT_TRUE(std::any_of(few.begin(), few.end(), [&](const PredictedPlan& kept) {
      return takes_no_more(kept.prediction, plan.prediction, 1.02);
    }));
  }
  EXPECT_THAT(thinned(many, 1), testing::SizeIs(200));
}

TEST(ThinOut, TakesFewPlans) {
  EXPECT_THAT(thinned({}), IsEmpty());
  EXPECT_THAT(thinned({{100, 1, 1}}), testing::SizeIs(1));
}

}  // namespace
}  // namespace vpinfer
