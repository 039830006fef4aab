#include <iostream>

#include "app/commands.hpp"
#include "app/output_files.hpp"
#include "app/planning.hpp"
#include "io/file.hpp"
#include "report/summary.hpp"
#include "search/planner.hpp"

namespace vpinfer {

ExitCode plan_model(const PlanOptions& options) {
  check_output_file("--output", options.output, {options.model});
  const ModelFile model(options.model);
  const Network& network = model.network();
  const Plan plan = make_plan(network, options.strategy, options.ranks, options.planning);
  check_memory_limit(network, plan, result_layers(network), options.planning.memory_limit_bytes,
                     options.planning.concurrency);
  std::cout << describe_plan(network, plan, options.planning.concurrency);
  if (options.output.empty()) return ExitCode::kDone;
  write_file_atomically(options.output, to_json(plan) + "\n");
  std::cout << "written to " << options.output.string() << '\n';
  return ExitCode::kDone;
}

}  // namespace vpinfer
