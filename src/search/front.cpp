#include "search/front.hpp"

#include <algorithm>
#include <utility>

#include "program/memory.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {

double amount_of(Objective objective, const Prediction& prediction) {
  switch (objective) {
    case Objective::kMemory: return static_cast<double>(fullest(prediction.memory).bytes);
    case Objective::kLatency: return prediction.latency_seconds;
    case Objective::kThroughput: return prediction.period_seconds;
  }
  throw Bug("an unknown objective");
}

bool takes_no_more(const Prediction& one, const Prediction& other, double times) {
  return std::all_of(kObjectives.begin(), kObjectives.end(), [&](Objective objective) {
    return amount_of(objective, one) <= times * amount_of(objective, other);
  });
}

void Front::add(PredictedPlan plan) {
  const auto beats_it = [&](const PredictedPlan& other) {
    return takes_no_more(other.prediction, plan.prediction);
  };
  if (std::any_of(plans_.begin(), plans_.end(), beats_it)) return;
  std::erase_if(plans_, [&](const PredictedPlan& other) {
    return takes_no_more(plan.prediction, other.prediction);
  });
  plans_.push_back(std::move(plan));
}

std::size_t best_for(Objective objective, const std::vector<PredictedPlan>& plans) {
  const auto best = std::min_element(
      plans.begin(), plans.end(), [&](const PredictedPlan& a, const PredictedPlan& b) {
        return amount_of(objective, a.prediction) < amount_of(objective, b.prediction);
      });
  return static_cast<std::size_t>(best - plans.begin());
}

std::vector<PredictedPlan> thin_out(std::vector<PredictedPlan> plans, double times) {
  if (plans.empty()) return plans;
  std::vector<bool> kept(plans.size(), false);
  for (const Objective objective : kObjectives) kept[best_for(objective, plans)] = true;
  const auto is_near_a_kept_one = [&](const Prediction& prediction) {
    for (std::size_t i = 0; i < plans.size(); ++i) {
      if (kept[i] && takes_no_more(plans[i].prediction, prediction, times)) return true;
    }
    return false;
  };
  for (std::size_t i = 0; i < plans.size(); ++i) {
    if (!kept[i]) kept[i] = !is_near_a_kept_one(plans[i].prediction);
  }
  std::vector<PredictedPlan> few;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    if (kept[i]) few.push_back(std::move(plans[i]));
  }
  return few;
}

}  // namespace vpinfer
