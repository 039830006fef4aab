#include <iostream>

#include "app/commands.hpp"
#include "app/output_files.hpp"
#include "app/planning.hpp"
#include "app/verdict.hpp"
#include "base/units.hpp"
#include "io/file.hpp"
#include "io/model_file.hpp"
#include "program/memory.hpp"
#include "report/layer_table.hpp"
#include "report/summary.hpp"
#include "search/planner.hpp"
#include "vpinfer/model.hpp"

namespace vpinfer {
namespace {

/// What `vertical` for the least memory would save and cost beside its usual plan; nothing if that
/// takes no more.
std::string leaner_plan_remark(const Model& model, const Cluster& cluster, PlanningOptions planning,
                               const Prediction& usual) {
  planning.objective = Objective::kMemory;
  const Plan plan = make_plan(model, Strategy::kVertical, cluster, planning);
  const Prediction lean = predict(model, plan, cluster, planning.concurrency);
  const std::size_t bytes = fullest(lean.memory).bytes;
  const std::size_t usual_bytes = fullest(usual.memory).bytes;
  if (bytes >= usual_bytes) return "";
  return "--objective memory: " + mebibytes(usual_bytes - bytes) +
         " MiB less on the fullest rank, " + mebibytes(lean.moved_bytes) + " MiB moved and " +
         fixed(1e3 * lean.latency_seconds, 1) + " ms a frame\n";
}

}  // namespace

ExitCode plan_model(const PlanOptions& options) {
  check_output_file("--output", options.output, {options.model});
  const Model model(options.model);
  const Cluster cluster = read_cluster(options);
  if (!options.ranks && !options.strategy) {
    if (!options.output.empty()) {
      throw BadUsage("plan: --output takes one plan; choose it by --ranks or --strategy");
    }
    std::cout << verdict_on(model, cluster, options);
    return ExitCode::kDone;
  }
  const Strategy strategy = options.strategy.value_or(Strategy::kVertical);
  const PlanningOptions planning = planning_of(options, cluster);
  const Plan plan = make_plan(model, strategy, cluster, planning);
  const Prediction prediction = predict(model, plan, cluster, planning.concurrency);
  check_host_memory(prediction.memory, cluster);
  if (const auto limit = planning.memory_limit_bytes) {
    check_memory_limit(plan, prediction.memory, *limit);
  }
  const Network& network = model.file().network();
  std::cout << describe_times(prediction);
  std::cout << describe_layer_times({network, plan}, prediction, cluster);
  std::cout << describe_plan(network, plan, prediction, planning.concurrency);
  if (strategy == Strategy::kAuto) std::cout << describe_idle_hosts(plan, cluster);
  if (planning.concurrency.lanes == 1) {
    std::cout << describe_stream({network, plan}, planning.concurrency.threads);
  }
  if (strategy == Strategy::kVertical && !planning.objective) {
    std::cout << leaner_plan_remark(model, cluster, planning, prediction);
  }
  if (options.output.empty()) return ExitCode::kDone;
  write_file_atomically(options.output, to_json(plan) + "\n");
  std::cout << "written to " << options.output.string() << '\n';
  return ExitCode::kDone;
}

}  // namespace vpinfer
