#include <iostream>

#include "app/commands.hpp"
#include "app/output_files.hpp"
#include "app/planning.hpp"
#include "app/verdict.hpp"
#include "io/file.hpp"
#include "io/model_file.hpp"
#include "report/layer_table.hpp"
#include "report/summary.hpp"
#include "search/planner.hpp"
#include "vpinfer/model.hpp"

namespace vpinfer {

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
  const Plan plan = make_plan(model, strategy, cluster, options.planning);
  const Prediction prediction = predict(model, plan, cluster, options.planning.concurrency);
  check_host_memory(prediction.memory, cluster);
  if (const auto limit = options.planning.memory_limit_bytes) {
    check_memory_limit(plan, prediction.memory, *limit);
  }
  const Network& network = model.file().network();
  std::cout << describe_times(prediction);
  std::cout << describe_layer_times({network, plan}, prediction, cluster);
  std::cout << describe_plan(network, plan, prediction, options.planning.concurrency.threads);
  if (options.output.empty()) return ExitCode::kDone;
  write_file_atomically(options.output, to_json(plan) + "\n");
  std::cout << "written to " << options.output.string() << '\n';
  return ExitCode::kDone;
}

}  // namespace vpinfer
