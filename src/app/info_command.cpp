#include <iostream>

#include "app/commands.hpp"
#include "base/units.hpp"
#include "io/model_file.hpp"
#include "program/program.hpp"
#include "report/summary.hpp"
#include "report/table.hpp"
#include "search/planner.hpp"
#include "vpinfer/model.hpp"

namespace vpinfer {
namespace {

std::size_t fullest_rank_bytes(const Network& network, Strategy strategy, int ranks) {
  const Plan plan = make_plan(network, strategy, ranks);
  return fullest(predict_memory({network, plan}, result_layers(network))).bytes;
}

std::string_view abbreviation(NumberFormat format) {
  switch (format) {
    case NumberFormat::kFloat: return "fp32";
    case NumberFormat::kHalf: return "fp16";
  }
  return "an unknown format";
}

/// What the fullest of P ranks would hold.
std::string describe_scaling(const Network& network) {
  Table table({{"ranks"}, {"vertical/MiB"}, {"data/MiB"}});
  for (const int ranks : {1, 2, 4, 8, 16}) {
    table.add({std::to_string(ranks),
               mebibytes(fullest_rank_bytes(network, Strategy::kVertical, ranks)),
               mebibytes(fullest_rank_bytes(network, Strategy::kData, ranks))});
  }
  return "predicted memory of the fullest rank\n" + table.text();
}

}  // namespace

ExitCode show_info(const InfoOptions& options) {
  const Model model(options.model);
  const Network& network = model.file().network();
  std::cout << describe_network(network) << describe_preparation(network) << "weights stored in "
            << abbreviation(network.precision) << ", checksum " << model.checksum() << "\n\n"
            << describe_layers(network) << '\n';
  if (const std::optional<Plan>& plan = model.partition()) {
    const Cluster cluster = cluster_of(plan->ranks, raspberry_pi_4());
    std::cout << "partitioned: " << describe_plan(network, *plan, predict(model, *plan, cluster));
  } else {
    std::cout << describe_scaling(network);
  }
  return ExitCode::kDone;
}

}  // namespace vpinfer
