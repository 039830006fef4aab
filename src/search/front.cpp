#include "search/front.hpp"

#include <algorithm>
#include <utility>

#include "program/memory.hpp"

namespace vpinfer {
namespace {

bool takes_no_more(const Prediction& a, const Prediction& b) {
  return fullest(a.memory).bytes <= fullest(b.memory).bytes &&
         a.latency_seconds <= b.latency_seconds && a.period_seconds <= b.period_seconds;
}

}  // namespace

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

}  // namespace vpinfer
