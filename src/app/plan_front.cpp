#include "app/plan_front.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include "app/planning.hpp"
#include "base/units.hpp"
#include "io/model_file.hpp"
#include "report/front_svg.hpp"
#include "search/automatic.hpp"
#include "search/planner.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

std::string title_of(const Model& model, const Cluster& cluster, const PlanOptions& options) {
  std::string hosts = options.hosts.filename().string();
  if (!options.cluster.empty()) {
    const std::filesystem::path file(options.cluster);
    std::error_code error;
    hosts = std::filesystem::exists(file, error) ? file.filename().string() : options.cluster;
  } else if (hosts.empty()) {
    hosts = "pi4:" + std::to_string(cluster.ranks());
  }
  return model.name() + " on " + hosts;
}

/// What the title leaves open, for example `8 hosts, float on the wire, at most 64.0 MiB a rank`.
std::string conditions(const Cluster& cluster, const PlanOptions& options) {
  std::string text = cluster.ranks() == 1 ? "1 host" : std::to_string(cluster.ranks()) + " hosts";
  if (const auto rate = options.link_bytes_per_second) {
    text += " on links that bring " + fixed(8e-6 * *rate, 0) + " Mbit/s";
  }
  text += ", " + std::string(wire_name(options.planning)) + " on the wire";
  if (const auto limit = options.planning.memory_limit_bytes) {
    text += ", at most " + mebibytes(*limit) + " MiB a rank";
  }
  return text;
}

std::string how_to_take_one(const Cluster& cluster, const PlanOptions& options) {
  return "To take plan N, add --pick N -o plan.json to this command, and run the plan:\n    " +
         run_command(cluster.ranks(), options) + " --plan plan.json\n" +
         "its ranks are these hosts, in this order\n";
}

/// What named strategies make of the model on all hosts, if that is soon found.
std::vector<ComparedStrategy> compared_strategies(const Model& model, const Cluster& cluster,
                                                  const PlanningOptions& planning) {
  std::vector<ComparedStrategy> all{{Strategy::kSingle}};  // like the others on one host
  if (cluster.ranks() > 1 && cluster.ranks() <= kMostSoonPlannedHosts) {
    all = {{Strategy::kVertical}, {Strategy::kData}, {Strategy::kSequential}, {Strategy::kSingle}};
  }
  for (ComparedStrategy& compared : all) {
    compared.plan = plan_if_it_fits(model, compared.strategy, cluster, planning);
  }
  return all;
}

}  // namespace

ListedFront list_front(const Model& model, const Cluster& cluster,
                       const PlanningOptions& planning) {
  std::vector<PredictedPlan> all = plan_front(model.file().network(), cluster, planning);
  const std::size_t count = all.size();
  std::vector<PredictedPlan> few = thin_out(std::move(all));
  const std::size_t left_out = count - few.size();
  return {std::move(few), left_out, compared_strategies(model, cluster, planning)};
}

const PredictedPlan& picked(const ListedFront& listed, int number) {
  const std::size_t count = listed.plans.size();
  if (number < 1 || static_cast<std::size_t>(number) > count) {
    throw BadUsage("plan: --pick " + std::to_string(number) + ": the front has " +
                   (count == 1 ? "only plan 1" : "plans 1 to " + std::to_string(count)));
  }
  return listed.plans[static_cast<std::size_t>(number) - 1];
}

std::string describe_listed(const ListedFront& listed, const Model& model, const Cluster& cluster,
                            const PlanOptions& options) {
  std::string text = title_of(model, cluster, options) + ", " + conditions(cluster, options) +
                     ":\nplans that no other beats in memory, latency and frames per second, and "
                     "for comparison named strategies,\npredicted; memory is for a frame alone, "
                     "for a stream a rank keeps two\n" +
                     describe_front(model.file().network(), listed.plans, listed.strategies);
  if (listed.left_out > 0) {
    text += "Not listed, at most " + fixed(100 * (kNotablyMore - 1), 0) +
            " % better than one of these in anything: " + std::to_string(listed.left_out) +
            " more\n";
  }
  return text + how_to_take_one(cluster, options);
}

std::string draw_listed(const ListedFront& listed, const Model& model, const Cluster& cluster,
                        const PlanOptions& options) {
  return front_svg(title_of(model, cluster, options),
                   "Plans of which none beats another, predicted for " +
                       conditions(cluster, options) +
                       ", memory for a frame alone; numbers as in the table",
                   listed.plans, listed.strategies);
}

}  // namespace vpinfer
