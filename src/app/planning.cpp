#include "app/planning.hpp"

#include <algorithm>
#include <string_view>
#include <system_error>

#include "app/hostfile.hpp"
#include "base/units.hpp"
#include "io/file.hpp"
#include "io/model_file.hpp"
#include "plan/plan_json.hpp"
#include "search/automatic.hpp"
#include "search/planner.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

void check_is_enough(const Cluster& cluster, int ranks, const std::string& source) {
  if (cluster.ranks() >= ranks) return;
  throw BadInput(source + " has " + std::to_string(cluster.ranks()) + " hosts, too few for " +
                 std::to_string(ranks) + " ranks");
}

/// The first hosts of a cluster, or without a number of ranks all.
Cluster first_hosts(Cluster cluster, std::optional<int> ranks, const std::string& source) {
  if (!ranks) return cluster;
  check_is_enough(cluster, *ranks, source);
  cluster.hosts.resize(static_cast<std::size_t>(*ranks));
  return cluster;
}

/// The cluster of a file or of kinds.
Cluster whole_cluster(const std::string& text) {
  const std::filesystem::path file(text);
  std::error_code error;
  const bool is_file = file.extension() == ".json" || std::filesystem::exists(file, error) ||
                       error == std::errc::permission_denied;
  return is_file ? cluster_from_json(read_file(file), text) : parse_cluster(text);
}

/// A usual host under each name of a hostfile.
Cluster usual_hosts(const std::filesystem::path& hostfile) {
  Cluster cluster;
  for (const std::string& name : read_hostfile(hostfile)) {
    cluster.hosts.push_back(raspberry_pi_4());
    cluster.hosts.back().name = name;
  }
  return cluster;
}

/// Throws as `plan_within_memory`.
PredictedPlan predict_within_memory(const Model& model, Plan plan, const Cluster& cluster,
                                    const PlanningOptions& planning) {
  const std::optional<std::size_t> limit = planning.memory_limit_bytes;
  Prediction prediction = predict(model, plan, within_limit(cluster, limit), planning.concurrency);
  check_host_memory(prediction.memory, cluster);
  if (limit) check_memory_limit(plan, prediction.memory, *limit);
  return {std::move(plan), std::move(prediction)};
}

}  // namespace

Plan read_plan_file(const std::filesystem::path& path, const Network& network) {
  return plan_from_json(read_file(path), network, path.string());
}

std::string_view wire_name(const PlanningOptions& planning) {
  if (planning.chooses_wire) return kChosenWire;
  return to_string(planning.formats.wire.value_or(WireFormat::kFloat));
}

Cluster read_cluster(const std::string& text, std::optional<int> ranks) {
  if (text.empty()) return cluster_of(ranks.value(), raspberry_pi_4());
  return first_hosts(whole_cluster(text), ranks, "--cluster: " + text);
}

Cluster cluster_of_job(const std::string& text, const std::vector<std::string>& names) {
  const Cluster whole = whole_cluster(text);
  const std::string source = "--cluster: " + text;
  check_is_enough(whole, static_cast<int>(names.size()), source);
  const std::vector<Host>& all = whole.hosts;
  std::vector<Host> left = all;
  const auto take = [&left](std::vector<Host>::iterator host) {
    Host taken = std::move(*host);
    left.erase(host);
    return taken;
  };
  std::vector<std::optional<Host>> known;
  for (const std::string& name : names) {
    const auto is_it = [&name](const Host& host) { return host.name == name; };
    const auto host = std::find_if(left.begin(), left.end(), is_it);
    if (host == left.end() && std::any_of(all.begin(), all.end(), is_it)) {
      throw BadInput(std::string(source)
                         .append(" has fewer hosts ")
                         .append(name)
                         .append(" than ranks run there; calibrate with the same ranks"));
    }
    known.push_back(host == left.end() ? std::nullopt : std::optional(take(host)));
  }
  Cluster cluster;
  for (std::optional<Host>& host : known) {
    cluster.hosts.push_back(host ? std::move(*host) : take(left.begin()));
  }
  return cluster;
}

Cluster read_cluster(const PlanOptions& options) {
  Cluster cluster = options.hosts.empty() ? read_cluster(options.cluster, options.ranks)
                                          : first_hosts(usual_hosts(options.hosts), options.ranks,
                                                        "--hosts: " + options.hosts.string());
  if (options.link_bytes_per_second) {
    for (Host& host : cluster.hosts) host.link.bytes_per_second = *options.link_bytes_per_second;
  }
  return cluster;
}

Concurrency planned_concurrency(Strategy strategy, const PlanningOptions& planning, int threads,
                                std::optional<int> in_flight) {
  const bool is_for_streams = planning.objective == Objective::kThroughput;
  int lanes = in_flight.value_or(is_for_streams ? 2 : 1);
  if (is_for_streams || strategy == Strategy::kSequential) lanes = std::min(lanes, 2);
  return {lanes, threads};
}

PlanningOptions planning_of(Strategy strategy, const PlanOptions& options, const Cluster& cluster) {
  int most = 1;
  for (const Host& host : cluster.hosts) most = std::max(most, host.threads);
  PlanningOptions planning = options.planning;
  planning.concurrency = planned_concurrency(strategy, planning, options.threads.value_or(most));
  return planning;
}

void check_host_memory(const std::vector<RankMemory>& memory, const Cluster& cluster) {
  for (int rank = 0; rank < cluster.ranks(); ++rank) {
    const Host& host = cluster.host(rank);
    const std::size_t bytes = memory[static_cast<std::size_t>(rank)].total();
    if (bytes <= host.memory_bytes.value_or(bytes)) continue;
    throw Error(ExitCode::kNotEnoughMemory,
                "rank " + std::to_string(rank) + " would take " + mebibytes(bytes) +
                    " MiB, its host " + host.name + " has " + mebibytes(*host.memory_bytes) +
                    " MiB; --strategy auto keeps to what hosts have, more hosts need less each");
  }
}

void check_memory_limit(const Plan& plan, const std::vector<RankMemory>& memory,
                        std::size_t limit_bytes) {
  const Fullest most = fullest(memory);
  if (most.bytes <= limit_bytes) return;
  const bool would_more_help = plan.strategy != Strategy::kSingle;
  throw Error(
      ExitCode::kNotEnoughMemory,
      "rank " + std::to_string(most.rank) + " would take " + mebibytes(most.bytes) +
          " MiB, the limit is " + mebibytes(limit_bytes) + " MiB; use " +
          (would_more_help ? "more ranks than " + std::to_string(plan.ranks) + " or " : "") +
          "another strategy than " + std::string(to_string(plan.strategy)));
}

PredictedPlan plan_within_memory(const Model& model, Strategy strategy, const Cluster& cluster,
                                 const PlanningOptions& planning) {
  return predict_within_memory(model, make_plan(model, strategy, cluster, planning), cluster,
                               planning);
}

std::optional<PredictedPlan> plan_if_it_fits(const Model& model, Strategy strategy,
                                             const Cluster& cluster,
                                             const PlanningOptions& planning) {
  try {
    std::optional<Plan> plan =
        strategy == Strategy::kAuto
            ? plan_automatically_if_it_fits(model.file().network(), cluster, planning)
            : make_plan(model, strategy, cluster, planning);
    if (!plan) return std::nullopt;
    return predict_within_memory(model, *std::move(plan), cluster, planning);
  } catch (const Error& e) {
    if (e.code() != ExitCode::kNotEnoughMemory) throw;
    return std::nullopt;
  }
}

std::string run_command(int hosts, const PlanOptions& options) {
  std::string run = "vpinfer --model " + shell_word(options.model.string());
  if (options.threads) run += " --threads " + std::to_string(*options.threads);
  if (const auto limit = options.planning.memory_limit_bytes) {
    run += " --memory-limit " + std::to_string(*limit);
  }
  if (hosts == 1) return run;
  const std::string hostfile =
      options.hosts.empty() ? "HOSTFILE" : shell_word(options.hosts.string());
  return "mpirun -np " + std::to_string(hosts) + " --map-by node --hostfile " + hostfile + " " +
         run;
}

std::string shell_word(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace vpinfer
