#include <iostream>

#include "app/commands.hpp"
#include "app/output_files.hpp"
#include "app/planning.hpp"
#include "io/file.hpp"
#include "io/model_file.hpp"
#include "report/summary.hpp"
#include "search/planner.hpp"
#include "vpinfer/model.hpp"

namespace vpinfer {

ExitCode plan_model(const PlanOptions& options) {
  check_output_file("--output", options.output, {options.model});
  const Model model(options.model);
  const Cluster cluster = cluster_of(options.ranks, raspberry_pi_4());
  const Plan plan = make_plan(model, options.strategy, cluster, options.planning);
  const Prediction prediction = predict(model, plan, cluster, options.planning.concurrency);
  if (const auto limit = options.planning.memory_limit_bytes) {
    check_memory_limit(plan, prediction.memory, *limit);
  }
  std::cout << describe_plan(model.file().network(), plan, prediction,
                             options.planning.concurrency.threads);
  if (options.output.empty()) return ExitCode::kDone;
  write_file_atomically(options.output, to_json(plan) + "\n");
  std::cout << "written to " << options.output.string() << '\n';
  return ExitCode::kDone;
}

}  // namespace vpinfer
