#include <iostream>

#include "app/commands.hpp"
#include "app/output_files.hpp"
#include "app/plan_front.hpp"
#include "app/planning.hpp"
#include "app/verdict.hpp"
#include "base/units.hpp"
#include "io/file.hpp"
#include "io/model_file.hpp"
#include "program/memory.hpp"
#include "report/layer_table.hpp"
#include "report/summary.hpp"
#include "vpinfer/model.hpp"

namespace vpinfer {
namespace {

/// What `vertical` for the least memory would save and cost beside its usual plan; nothing if that
/// hardly takes more.
std::string leaner_plan_remark(const Model& model, const Cluster& cluster, PlanningOptions planning,
                               const Prediction& usual) {
  planning.objective = Objective::kMemory;
  const Plan plan = make_plan(model, Strategy::kVertical, cluster, planning);
  const Prediction lean = predict(model, plan, cluster, planning.concurrency);
  const std::size_t bytes = fullest(lean.memory).bytes;
  const std::size_t usual_bytes = fullest(usual.memory).bytes;
  constexpr std::size_t kWorthALine = 1U << 19U;
  if (bytes + kWorthALine > usual_bytes) return "";
  return "with --objective memory: " + mebibytes(usual_bytes - bytes) +
         " MiB less on the fullest rank, but " + mebibytes(lean.moved_bytes) + " MiB moved and " +
         fixed(1e3 * lean.latency_seconds, 1) + " ms a frame\n";
}

void print_plan(const Model& model, const Cluster& cluster, const PredictedPlan& one,
                const PlanningOptions& planning) {
  const auto& [plan, prediction] = one;
  const Network& network = model.file().network();
  std::cout << describe_times(prediction);
  std::cout << describe_layer_times({network, plan}, prediction, cluster);
  std::cout << describe_plan(network, plan, prediction, planning.concurrency);
  if (planning.concurrency.lanes == 1) {
    std::cout << describe_stream({network, plan}, planning.concurrency.threads);
  }
}

void write_plan(const Plan& plan, const std::filesystem::path& output) {
  if (output.empty()) return;
  write_file_atomically(output, to_json(plan) + "\n");
  std::cout << "written to " << output.string() << '\n';
}

void plan_by_strategy(const Model& model, const Cluster& cluster, const PlanOptions& options) {
  const Strategy strategy = options.strategy.value_or(Strategy::kVertical);
  const PlanningOptions planning = planning_of(strategy, options, cluster);
  const PredictedPlan one = plan_within_memory(model, strategy, cluster, planning);
  print_plan(model, cluster, one, planning);
  const bool for_speed = strategy == Strategy::kAuto && planning.objective != Objective::kMemory;
  if (for_speed) std::cout << describe_idle_hosts(one.plan, cluster);
  if (strategy == Strategy::kVertical && !planning.objective) {
    std::cout << leaner_plan_remark(model, cluster, planning, one.prediction);
  }
  write_plan(one.plan, options.output);
}

void show_front(const Model& model, const Cluster& cluster, const PlanOptions& options) {
  const PlanningOptions planning = planning_of(Strategy::kAuto, options, cluster);
  const ListedFront listed = list_front(model, cluster, planning);
  if (options.pick) {
    const PredictedPlan& one = picked(listed, *options.pick);
    print_plan(model, cluster, one, planning);
    write_plan(one.plan, options.output);
  } else {
    std::cout << describe_listed(listed, model, cluster, options);
  }
  if (options.svg.empty()) return;
  write_file_atomically(options.svg, draw_listed(listed, model, cluster, options));
  std::cout << "drawn in " << options.svg.string() << '\n';
}

}  // namespace

ExitCode plan_model(const PlanOptions& options) {
  const std::vector<std::filesystem::path> inputs{options.model, options.cluster, options.hosts};
  check_output_file("--output", options.output, inputs);
  check_output_file("--svg", options.svg, inputs);
  check_output_file("--svg", options.svg, {options.output});
  const Model model(options.model);
  const Cluster cluster = read_cluster(options);
  if (options.front) {
    show_front(model, cluster, options);
  } else if (options.ranks || options.strategy) {
    plan_by_strategy(model, cluster, options);
  } else {
    std::cout << verdict_on(model, cluster, options);
  }
  return ExitCode::kDone;
}

}  // namespace vpinfer
