#include <iostream>
#include <utility>

#include "app/commands.hpp"
#include "app/output_files.hpp"
#include "app/planning.hpp"
#include "io/model_file.hpp"
#include "report/summary.hpp"
#include "search/planner.hpp"
#include "search/wire_choice.hpp"
#include "vpinfer/model.hpp"

namespace vpinfer {
namespace {

Plan plan_of_file(const PartitionOptions& options, const Network& network) {
  Plan plan = read_plan_file(options.plan, network);
  const Cluster cluster = cluster_of(plan.ranks, raspberry_pi_4());
  return in_formats_of(options.planning, std::move(plan), network, cluster);
}

}  // namespace

ExitCode partition_model(const PartitionOptions& options) {
  check_output_file("--output", options.output, {options.model, options.plan});
  const Model model(options.model);
  if (model.partition()) {
    throw BadInput(options.model.string() + ": is partitioned already; take the whole model");
  }
  const Network& network = model.file().network();
  const Plan plan = options.plan.empty() ? make_plan(network, options.strategy,
                                                     options.ranks.value(), options.planning)
                                         : plan_of_file(options, network);
  write_partition(options.output, model.file(), plan, options.files);
  const Prediction prediction = predict(model, plan, cluster_of(plan.ranks, raspberry_pi_4()));
  std::cout << describe_plan(network, plan, prediction) << "written to " << options.output.string();
  if (options.files == PartitionFiles::kOnePerRank) {
    std::cout << ", " << share_path(options.output.filename(), 0).string() << " and so on";
  }
  std::cout << '\n';
  return ExitCode::kDone;
}

}  // namespace vpinfer
