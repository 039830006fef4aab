#include <iostream>

#include "vpinfer/app/commands.hpp"
#include "vpinfer/app/planning.hpp"
#include "vpinfer/plan/planner.hpp"
#include "vpinfer/report/summary.hpp"

namespace vpinfer {

ExitCode partition_model(const PartitionOptions& options) {
  const ModelFile model(options.model);
  if (model.partition()) {
    throw BadInput(options.model.string() + ": is partitioned already; take the whole model");
  }
  std::error_code missing;
  if (std::filesystem::equivalent(options.model, options.output, missing)) {
    throw BadUsage("--output must not be the model itself, it would be replaced");
  }
  const Network& network = model.network();
  const Plan plan = options.plan.empty()
                        ? make_plan(network, options.strategy, options.ranks.value())
                        : read_plan_file(options.plan, network);
  write_partition(options.output, model, plan, options.files);
  std::cout << describe_plan(network, plan) << "written to " << options.output.string();
  if (options.files == PartitionFiles::kOnePerRank) {
    std::cout << ", " << share_path(options.output.filename(), 0).string() << " and so on";
  }
  std::cout << '\n';
  return ExitCode::kDone;
}

}  // namespace vpinfer
