#include "app/plan_front.hpp"

#include <filesystem>
#include <utility>

#include "app/strategy_plan.hpp"
#include "base/units.hpp"
#include "io/model_file.hpp"
#include "report/front_svg.hpp"
#include "search/automatic.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

std::string title_of(const Model& model, const Cluster& cluster, const PlanOptions& options) {
  std::string hosts = options.hosts.filename().string();
  if (!options.cluster.empty()) {
    const std::filesystem::path file(options.cluster);
    hosts = std::filesystem::exists(file) ? file.filename().string() : options.cluster;
  } else if (hosts.empty()) {
    hosts = "pi4:" + std::to_string(cluster.ranks());
  }
  return model.name() + " on " + hosts;
}

/// What the title leaves open, for example `8 hosts, float on the wire, at most 64.0 MiB a rank`.
std::string conditions(const Cluster& cluster, const PlanOptions& options) {
  std::string text = cluster.ranks() == 1 ? "1 host" : std::to_string(cluster.ranks()) + " hosts";
  if (const auto rate = options.link_bytes_per_second) {
    text += " on links of " + fixed(1e-6 * *rate, 1) + " MB/s";
  }
  const NumberFormat wire = options.planning.formats.wire.value_or(NumberFormat::kFloat);
  text += ", " + std::string(to_string(wire)) + " on the wire";
  if (const auto limit = options.planning.memory_limit_bytes) {
    text += ", at most " + mebibytes(*limit) + " MiB a rank";
  }
  return text;
}

std::string how_to_take_one(const Cluster& cluster, const PlanOptions& options) {
  const std::string hostfile = options.hosts.empty() ? "HOSTFILE" : options.hosts.string();
  const std::string job = "mpirun -np " + std::to_string(cluster.ranks()) +
                          " --map-by node --hostfile " + hostfile + " ";
  return "To take plan N, add --pick N -o plan.json to this command, and run the plan:\n    " +
         (cluster.ranks() == 1 ? "" : job) + "vpinfer --model " + options.model.string() +
         " --plan plan.json\n";
}

/// What named strategies make of the model on all hosts.
std::vector<ComparedStrategy> compared_strategies(const Model& model, const Cluster& cluster,
                                                  const PlanningOptions& planning) {
  std::vector<ComparedStrategy> all{{Strategy::kSingle}};
  if (cluster.ranks() > 1) {  // on one host they are all the same
    all = {{Strategy::kVertical}, {Strategy::kData}, {Strategy::kSequential}, {Strategy::kSingle}};
  }
  for (ComparedStrategy& compared : all) {
    try {
      compared.plan = plan_within_memory(model, compared.strategy, cluster, planning);
    } catch (const Error& e) {
      if (e.code() != ExitCode::kNotEnoughMemory) throw;
    }
  }
  return all;
}

}  // namespace

PlanChoice plan_choice(const Model& model, const Cluster& cluster,
                       const PlanningOptions& planning) {
  std::vector<PredictedPlan> all = plan_front(model.file().network(), cluster, planning);
  const std::size_t count = all.size();
  std::vector<PredictedPlan> few = thin_out(std::move(all));
  const std::size_t left_out = count - few.size();
  return {std::move(few), left_out, compared_strategies(model, cluster, planning)};
}

const PredictedPlan& picked(const PlanChoice& choice, int number) {
  const std::size_t count = choice.plans.size();
  if (number < 1 || static_cast<std::size_t>(number) > count) {
    throw BadUsage("plan: --pick " + std::to_string(number) + ": the front has " +
                   (count == 1 ? "only plan 1" : "plans 1 to " + std::to_string(count)));
  }
  return choice.plans[static_cast<std::size_t>(number) - 1];
}

std::string describe_choice(const PlanChoice& choice, const Model& model, const Cluster& cluster,
                            const PlanOptions& options) {
  std::string text = title_of(model, cluster, options) + ", " + conditions(cluster, options) +
                     ":\nplans that no other beats in memory, latency and frames per second, and "
                     "for comparison named strategies,\npredicted; memory is for a frame alone, "
                     "for a stream a rank keeps two\n" +
                     describe_front(model.file().network(), choice.plans, choice.strategies);
  if (choice.left_out > 0) {
    text += "Not listed, at most " + fixed(100 * (kNotablyMore - 1), 0) +
            " % better than one of these in anything: " + std::to_string(choice.left_out) +
            " more\n";
  }
  return text + how_to_take_one(cluster, options);
}

std::string draw_choice(const PlanChoice& choice, const Model& model, const Cluster& cluster,
                        const PlanOptions& options) {
  return front_svg(title_of(model, cluster, options),
                   "Plans of which none beats another, predicted for " +
                       conditions(cluster, options) +
                       ", memory for a frame alone; numbers as in the table",
                   choice.plans, choice.strategies);
}

}  // namespace vpinfer
