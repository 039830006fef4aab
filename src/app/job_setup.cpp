#include "app/job_setup.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>
#include <vector>

#include "app/output_files.hpp"
#include "app/planning.hpp"
#include "base/file_problem.hpp"
#include "search/wire_choice.hpp"
#include "session/job.hpp"
#include "vision/interpretation.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

Plan partition_plan(const RunOptions& options, const Plan& partition, int ranks) {
  const std::string name = options.model.string();
  if (options.strategy || !options.plan.empty()) {
    throw BadUsage(name +
                   " is partitioned: it has a plan of its own, leave out --strategy and "
                   "--plan");
  }
  if (partition.ranks != ranks) {
    throw BadInput(name + ": is partitioned for " + std::to_string(partition.ranks) +
                   " ranks, this job has " + std::to_string(ranks) + "; run with -np " +
                   std::to_string(partition.ranks) + " or partition the model again");
  }
  return partition;
}

Plan plan_of_file(const std::filesystem::path& path, const Network& network, int ranks) {
  Plan plan = read_plan_file(path, network);
  if (plan.ranks != ranks) {
    throw BadInput(path.string() + ": is a plan for " + std::to_string(plan.ranks) +
                   " ranks, this job has " + std::to_string(ranks));
  }
  return plan;
}

/// Positions of the layers to dump.
std::vector<int> dumped_layers(const Network& network, const DumpLayers& dump) {
  std::vector<int> positions;
  const int last = Network::number(network.size() - 1);
  for (const int number : dump.numbers) {
    if (number > last) {
      throw BadUsage("--dump-layers: there is no layer " + std::to_string(number) +
                     ", the last one is " + std::to_string(last));
    }
    positions.push_back(Network::position(number));
  }
  if (dump.all) {
    for (int position = 1; position < network.size(); ++position) positions.push_back(position);
  }
  return positions;
}

/// What comparing with one rank needs.
void check_can_compare(const RunOptions& options, const ModelFile& model,
                       const FrameSource& source) {
  if (!source.can_reread()) {
    throw BadUsage(
        "--compare-single reads the input twice, which a pipe does not allow; save the video to a "
        ".mjpeg file and give that");
  }
  const int ranks = model.partition() ? model.partition()->ranks : 1;
  for (int rank = 0; rank < ranks; ++rank) {
    if (!model.finds_rank(rank)) {
      throw BadInput(file_problem(FileUse::kRead, share_path(options.model, rank), ENOENT,
                                  "--compare-single needs all shares on rank 0's host"));
    }
    model.check_rank(rank);
  }
}

}  // namespace

Plan choose_plan(const RunOptions& options, const Model& model, const Crew& crew,
                 const std::optional<Cluster>& cluster) {
  const Network& network = model.file().network();
  const Cluster hosts = cluster.value_or(cluster_of(crew.ranks, raspberry_pi_4()));
  if (model.partition()) {
    return in_formats_of(options.planning, partition_plan(options, *model.partition(), crew.ranks),
                         network, hosts);
  }
  if (!options.plan.empty()) {
    return in_formats_of(options.planning, plan_of_file(options.plan, network, crew.ranks), network,
                         hosts);
  }
  const Strategy strategy = options.strategy.value_or(Strategy::kVertical);
  PlanningOptions planning = options.planning;
  planning.concurrency =
      planned_concurrency(strategy, planning, crew.most_threads, options.in_flight);
  return make_plan(model, strategy, hosts, planning);
}

void check_output_files(const RunOptions& options) {
  std::vector<std::filesystem::path> taken{options.model, options.input, options.plan,
                                           options.cluster};
  check_output_file("--json", options.json, taken);
  taken.push_back(options.json);
  check_output_file("--dump-output", options.dump_output, taken);
}

void check_possible(const RunOptions& options, const Model& model, const FrameSource& source) {
  const Interpretation meaning = interpret(model.file().network(), options.model.string());
  if (!options.output.empty() &&
      (meaning.gives_tensors_only() || (!meaning.classifier && source.gives_tensor()))) {
    throw BadUsage("--output: " +
                   (meaning.gives_tensors_only()
                        ? options.model.string() + " gives neither boxes nor classes nor pictures"
                        : options.input.string() + " is a tensor, there is no picture to draw on") +
                   "; --dump-output writes tensors");
  }
  if (!options.dump_output.empty() && source.size() != 1) {
    throw BadUsage("--dump-output takes one picture, " +
                   (source.size()
                        ? options.input.string() + " holds " + std::to_string(*source.size())
                        : "not a video"));
  }
  if (options.compare_single) check_can_compare(options, model.file(), source);
}

JobOptions job_options(const RunOptions& options, const Model& model, const Plan& plan,
                       const FrameSource& source, const Crew& crew,
                       const std::optional<Cluster>& cluster) {
  const Network& network = model.file().network();
  JobOptions job{.rank = {.threads = crew.threads, .timeout = options.timeout},
                 .deliver = dumped_layers(network, options.dump_layers)};
  const Delivery delivery = delivery_of(network, job.deliver);
  const std::optional<std::size_t> limit = options.planning.memory_limit_bytes;
  const Cluster hosts = cluster.value_or(cluster_of(crew.ranks, {}));
  const InFlight in_flight =
      choose_in_flight(network, plan, delivery,
                       {.asked = options.in_flight,
                        .many_frames = options.is_stream || source.size() != 1,
                        .threads = crew.most_threads,
                        .memory_bytes = memory_limits(within_limit(hosts, limit))});
  job.in_flight = in_flight;
  if (limit) {
    check_memory_limit(
        plan, predict_memory({network, plan}, delivery, {in_flight.lanes, crew.most_threads}),
        *limit);
  }
  return job;
}

}  // namespace vpinfer
