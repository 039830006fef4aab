#include "app/job.hpp"

#include <algorithm>
#include <utility>

#include "app/load_progress.hpp"
#include "app/planning.hpp"
#include "program/program.hpp"
#include "search/planner.hpp"

namespace vpinfer {
namespace {

namespace fs = std::filesystem;

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

Plan choose_plan(const RunOptions& options, const ModelFile& model, int ranks, int most_threads) {
  if (model.partition()) return partition_plan(options, *model.partition(), ranks);
  if (options.plan.empty()) {
    const Strategy strategy = options.strategy.value_or(Strategy::kVertical);
    PlanningOptions planning = options.planning;
    planning.concurrency = {options.in_flight.value_or(1), most_threads};
    return make_plan(model.network(), strategy, ranks, planning);
  }
  Plan plan = read_plan_file(options.plan, model.network());
  if (plan.ranks != ranks) {
    throw BadInput(options.plan.string() + ": is a plan for " + std::to_string(plan.ranks) +
                   " ranks, this job has " + std::to_string(ranks));
  }
  return plan;
}

void check_checksum(const Agreement& agreement, const std::string& checksum, const fs::path& path) {
  if (checksum == agreement.checksum) return;
  throw BadInput(path.string() + ": this host has another model than rank 0 (checksum " + checksum +
                 ", there " + agreement.checksum + "); copy rank 0's file here");
}

WeightReader reader_of(std::shared_ptr<const ModelFile> model, int rank) {
  return [model = std::move(model), rank](int position, const WeightRange& range,
                                          std::span<float> weights, std::span<float> biases) {
    model->read_weights(rank, position, range, weights, biases);
  };
}

/// Reads from this host's own files; empty if it has none.
WeightReader local_reader(const RunOptions& options, const Agreement& agreement, int rank) {
  std::error_code unreadable;  // as good as missing
  if (fs::exists(options.model, unreadable)) {
    auto model = std::make_shared<const ModelFile>(options.model);
    check_checksum(agreement, model->checksum(), options.model);
    if (model->holds_rank(rank)) {
      model->check_rank(rank);
      return reader_of(std::move(model), rank);
    }
  }
  const fs::path path = share_path(options.model, rank);
  if (!agreement.partitioned || !fs::exists(path, unreadable)) return {};
  const auto share = std::make_shared<const ShareFile>(path, agreement.network, agreement.plan,
                                                       rank, agreement.checksum);
  return
      [share](int position, const WeightRange& range, std::span<float> weights,
              std::span<float> biases) { share->read_weights(position, range, weights, biases); };
}

/// Sends the slices of one layer to the ranks that have no copy.
void serve_layer(MpiSession& session, const Agreement& agreement, const ModelFile& model,
                 const std::vector<int>& has_copy, int position) {
  for (int rank = 1; rank < session.size(); ++rank) {
    if (has_copy[static_cast<std::size_t>(rank)] != 0) continue;
    for (const WeightRange& range :
         pieces_to_load({agreement.network, agreement.plan}, position, rank)) {
      const WeightShape shape = weight_shape(agreement.network, position).of(range);
      FloatBuffer slice(shape.numbers());
      const std::span<float> weights = slice.all().first(shape.elements());
      const std::span<float> biases = slice.all().subspan(shape.elements());
      model.read_weights(rank, position, range, weights, biases);
      session.send(weights, rank);
      session.send(biases, rank);
    }
  }
}

WeightReader served_by_rank_0(MpiSession& session) {
  return [&session](int, const WeightRange&, std::span<float> weights, std::span<float> biases) {
    session.receive(weights, 0);
    session.receive(biases, 0);
  };
}

/// Rank 0 must have the shares of all ranks that have none themselves.
void check_can_serve(const MpiSession& session, const RunOptions& options, const ModelFile& model,
                     const std::vector<int>& has_copy) {
  for (int rank = 0; rank < session.size(); ++rank) {
    if (has_copy[static_cast<std::size_t>(rank)] != 0) continue;
    if (model.finds_rank(rank)) {
      model.check_rank(rank);
      continue;
    }
    const std::string owner = session.name(rank);
    throw BadInput(
        share_path(options.model, rank).string() + ": " +
        (rank == 0 ? owner + " lacks this share; copy it there"
                   : "neither " + owner + " nor rank 0 has this share; copy it to one of them"));
  }
}

}  // namespace

Agreement agree(MpiSession& session, const RunOptions& options, int most_threads,
                std::unique_ptr<ModelFile>& model) {
  Agreement agreement;
  std::string plan;
  if (session.rank() == 0) {
    model = std::make_unique<ModelFile>(options.model);
    agreement.partitioned = model->partition().has_value();
    agreement.checksum = model->checksum();
    plan = to_json(with_formats(choose_plan(options, *model, session.size(), most_threads),
                                options.planning.formats));
  }
  const std::string where = options.model.string();
  agreement.network = network_from_json(
      session.broadcast(model ? to_json(model->network()) : std::string()), where);
  agreement.plan = plan_from_json(session.broadcast(plan), agreement.network, where);
  agreement.checksum = session.broadcast(agreement.checksum);
  agreement.partitioned = session.broadcast(agreement.partitioned ? "yes" : "no") == "yes";
  return agreement;
}

InFlight choose_in_flight(const RunOptions& options, const Agreement& agreement,
                          const Delivery& delivery, int most_threads, bool many_frames) {
  const Plan& plan = agreement.plan;
  const bool pipeline = plan.strategy == Strategy::kSequential;
  const int enough = !many_frames ? 1 : pipeline ? 2 * plan.ranks : 2;
  InFlight in_flight;
  in_flight.frames = options.in_flight.value_or(enough);
  in_flight.lanes = pipeline ? std::min(in_flight.frames, 2) : in_flight.frames;
  if (options.in_flight || !options.planning.memory_limit_bytes) return in_flight;
  const std::vector<RankMemory> memory =
      predict_memory({agreement.network, plan}, delivery, {in_flight.lanes, most_threads});
  if (fullest(memory).bytes > *options.planning.memory_limit_bytes) in_flight.lanes = 1;
  return in_flight;
}

InFlight agree(MpiSession& session, const InFlight& choice) {
  return {std::stoi(session.broadcast(std::to_string(choice.frames))),
          std::stoi(session.broadcast(std::to_string(choice.lanes)))};
}

Weights load_rank_weights(MpiSession& session, const RunOptions& options,
                          const Agreement& agreement, const ModelFile* model) {
  const int rank = session.rank();
  WeightReader reader = local_reader(options, agreement, rank);
  const std::vector<int> has_copy = session.all_gather(reader ? 1 : 0);
  if (model != nullptr) check_can_serve(session, options, *model, has_copy);
  if (!reader) reader = served_by_rank_0(session);

  const bool serving = std::find(has_copy.begin(), has_copy.end(), 0) != has_copy.end();
  Weights weights({agreement.network, agreement.plan}, rank);
  LoadProgress progress(agreement.network, rank == 0);
  for (int position = 0; position < agreement.network.size(); ++position) {
    weights.load(position, reader);
    if (model != nullptr) serve_layer(session, agreement, *model, has_copy, position);
    // A rank that has read its own copy waits here, a layer at a time, within its deadline.
    if (serving) session.barrier();
    progress.loaded(position);
  }
  return weights;
}

}  // namespace vpinfer
