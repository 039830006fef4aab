#include "app/strategy_plan.hpp"

#include <utility>

#include "app/planning.hpp"

namespace vpinfer {

PredictedPlan plan_within_memory(const Model& model, Strategy strategy, const Cluster& cluster,
                                 const PlanningOptions& planning) {
  Plan plan = make_plan(model, strategy, cluster, planning);
  Prediction prediction = predict(model, plan, cluster, planning.concurrency);
  check_host_memory(prediction.memory, cluster);
  if (const auto limit = planning.memory_limit_bytes) {
    check_memory_limit(plan, prediction.memory, *limit);
  }
  return {std::move(plan), std::move(prediction)};
}

}  // namespace vpinfer
