#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/options.hpp"
#include "net/network.hpp"
#include "program/program.hpp"
#include "search/front.hpp"
#include "vpinfer/cluster.hpp"
#include "vpinfer/model.hpp"
#include "vpinfer/plan.hpp"

namespace vpinfer {

/// Reads a plan file for this network.  Throws BadInput.
[[nodiscard]] Plan read_plan_file(const std::filesystem::path& path, const Network& network);

/// As `--wire` names it.
[[nodiscard]] std::string_view wire_name(const PlanningOptions& planning);

/// The hosts of so many ranks: `text` is the name of a file or kinds of hosts, see `parse_cluster`,
/// and nothing means Raspberry Pis 4.  Without a number of ranks, all of them.  Throws BadUsage or
/// BadInput, also if there are fewer hosts.
[[nodiscard]] Cluster read_cluster(const std::string& text, std::optional<int> ranks);

/// The hosts of a job's ranks, which run on machines of these names: of the cluster's hosts, those
/// of the same names, and for other ranks those that are left, in their order.  Throws as above,
/// and if more ranks run on a host than the cluster has it for.
[[nodiscard]] Cluster cluster_of_job(const std::string& text,
                                     const std::vector<std::string>& names);

/// The hosts that `plan` is asked to plan for, by --cluster, --hosts, --link and --ranks.  Throws
/// as above.
[[nodiscard]] Cluster read_cluster(const PlanOptions& options);

/// What a rank does at the same time under a plan that is made for an objective: it keeps two
/// frames of a stream that is to be fast, and one otherwise, unless so many are asked for; of a
/// pipeline never more than two, see `choose_in_flight`.
[[nodiscard]] Concurrency planned_concurrency(Strategy strategy, const PlanningOptions& planning,
                                              int threads, std::optional<int> in_flight = {});

/// The same of the `plan` command, whose ranks have as many threads as the cluster's unless told
/// otherwise.
[[nodiscard]] PlanningOptions planning_of(Strategy strategy, const PlanOptions& options,
                                          const Cluster& cluster);

/// Throws Error with kNotEnoughMemory, naming the rank and its host, if a host has less memory than
/// its rank would take.
void check_host_memory(const std::vector<RankMemory>& memory, const Cluster& cluster);

/// Throws Error with kNotEnoughMemory, naming the fullest rank, if a rank would take more.
void check_memory_limit(const Plan& plan, const std::vector<RankMemory>& memory,
                        std::size_t limit_bytes);

/// What a strategy makes of a model on a cluster.  Throws Error with kNotEnoughMemory if a rank
/// would take more than its host has or than the limit.
[[nodiscard]] PredictedPlan plan_within_memory(const Model& model, Strategy strategy,
                                               const Cluster& cluster,
                                               const PlanningOptions& planning);
/// The same; nothing instead of that error.
[[nodiscard]] std::optional<PredictedPlan> plan_if_it_fits(const Model& model, Strategy strategy,
                                                           const Cluster& cluster,
                                                           const PlanningOptions& planning);

/// How to run the model on so many hosts, without a plan: by node, because a hostfile's line
/// without slots is a rank per core to mpirun.
[[nodiscard]] std::string run_command(int hosts, const PlanOptions& options);

/// Text as a word of a shell's command line, in quotes if need be.
[[nodiscard]] std::string shell_word(const std::string& text);

}  // namespace vpinfer
