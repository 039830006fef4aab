#include "vpinfer/plan/program.hpp"

#include <algorithm>

#include "buffers.hpp"
#include "steps.hpp"
#include "vpinfer/kernel/convolution.hpp"
#include "vpinfer/kernel/locally_connected.hpp"

namespace vpinfer {
namespace {

/// What a rank has more than an empty MPI program: code of HDF5 and OpenBLAS that has run,
/// OpenBLAS's packed panels, connections to peers.  Measured by bench/scaling.py.
constexpr std::size_t kLibraryBytes = 13 * 512 * 1024;

/// Transfers -> one message per peer, in the order of the peers.
void add_to_message(std::vector<Message>& messages, int peer, const Box& box, WireFormat wire) {
  auto message = std::find_if(messages.begin(), messages.end(),
                              [&](const Message& m) { return m.peer == peer; });
  if (message == messages.end()) {
    message = messages.emplace(messages.end());
    message->peer = peer;
  }
  message->boxes.push_back(box);
  message->elements += box.elements();
  message->floats = wire_floats(wire, message->elements);
}

/// Decides whether a rank reads an output where it has written it.
void choose_storage(const Demand& demand, const Plan& plan, int position, int rank,
                    Tensor& tensor) {
  const Box& owned = plan.owned(position, rank);
  const Box needed = hull_of_needs(demand, plan, position, rank);
  const Box both = hull(owned, needed);
  const bool smaller_apart = both.elements() > owned.elements() + needed.elements();
  // The whole input goes as soon as it is sent; rank 0 then keeps its part like the others.
  const bool leaves = position == 0 && !tensor.sends.empty();
  tensor.apart = !owned.empty() && !needed.empty() && (smaller_apart || leaves);
  tensor.written.box = tensor.apart ? owned : both;
  tensor.read.box = tensor.apart ? needed : both;
}

/// Scratch memory of a computing step.
std::size_t workspace_floats(const Network& network, const Tensor& tensor, const Step& step,
                             int threads) {
  const Operation& operation = network.layer(tensor.position).operation;
  if (const auto* conv = std::get_if<Convolution>(&operation)) {
    const int channels =
        step.sum ? step.sum->channels.size() : network.input_shape(tensor.position, 0).channels;
    return convolution_workspace(*conv, step.algorithm, channels, step.box, threads);
  }
  if (const auto* local = std::get_if<LocallyConnected>(&operation)) {
    return locally_connected_workspace(*local, network.input_shape(tensor.position, 0).channels);
  }
  return 0;
}

void reserve_workspaces(const Network& network, int threads, Program& program) {
  for (const Step& step : program.steps) {
    if (step.action != Action::kCompute) continue;
    Tensor& tensor = program.tensors[static_cast<std::size_t>(step.tensor)];
    tensor.workspace_floats =
        std::max(tensor.workspace_floats, workspace_floats(network, tensor, step, threads));
  }
}

/// A rank's messages of one exchange.
void add_messages(const std::vector<Transfer>& transfers, int rank, WireFormat wire,
                  Tensor& tensor) {
  for (const Transfer& transfer : transfers) {
    if (transfer.to == rank) add_to_message(tensor.receives, transfer.from, transfer.box, wire);
    if (transfer.from == rank) add_to_message(tensor.sends, transfer.to, transfer.box, wire);
  }
}

Program make_program(const Demand& demand, const Plan& plan, const Exchanges& exchanges, int rank,
                     const Concurrency& concurrency) {
  const Network& network = demand.network();
  Program program;
  program.rank = rank;
  program.lanes = concurrency.lanes;
  program.wire = plan.wire;
  for (int position = 0; position < network.size(); ++position) {
    Tensor tensor{.position = position};
    add_messages(*exchanges.outputs[static_cast<std::size_t>(position)], rank, plan.wire, tensor);
    choose_storage(demand, plan, position, rank, tensor);
    choose_staging(tensor.read, plan.wire, tensor.receives);
    choose_staging(tensor.written, plan.wire, tensor.sends);
    program.tensors.push_back(std::move(tensor));
  }
  for (const auto& [position, transfers] : exchanges.sums) {
    Tensor tensor{.position = position, .is_partial = true};
    add_messages(*transfers, rank, plan.wire, tensor);
    tensor.written.box = computed_box(network, plan, position, rank);
    choose_staging(tensor.written, plan.wire, tensor.sends);
    program.tensors[static_cast<std::size_t>(position)].partial_sums =
        static_cast<int>(program.tensors.size());
    program.tensors.push_back(std::move(tensor));
  }
  write_steps(network, plan, demand.delivery(), program);
  reserve_workspaces(network, concurrency.threads, program);
  place_buffers(network, program);
  program.memory.weights = weight_bytes(network, plan, rank).total();
  program.memory.library = kLibraryBytes;
  return program;
}

}  // namespace

Program make_program(const Network& network, const Plan& plan, const Delivery& delivery, int rank,
                     const Concurrency& concurrency) {
  const Demand demand(network, delivery);
  return make_program(demand, plan, all_exchanges(demand, plan), rank, concurrency);
}

std::vector<RankMemory> predict_memory(const Network& network, const Plan& plan,
                                       const Delivery& delivery, const Concurrency& concurrency) {
  const Demand demand(network, delivery);
  const Exchanges exchanges = all_exchanges(demand, plan);
  std::vector<RankMemory> memory;
  for (int rank = 0; rank < plan.ranks; ++rank) {
    memory.push_back(make_program(demand, plan, exchanges, rank, concurrency).memory);
  }
  return memory;
}

std::size_t fullest_bytes(const std::vector<RankMemory>& memory) {
  std::size_t most = 0;
  for (const RankMemory& rank : memory) most = std::max(most, rank.total());
  return most;
}

std::optional<Fullest> fullest_within(const Demand& demand, const Plan& plan,
                                      const Exchanges& exchanges, const Concurrency& concurrency,
                                      std::size_t most_bytes, int first_rank) {
  Fullest fullest;
  for (int i = 0; i < plan.ranks; ++i) {
    const int rank = (first_rank + i) % plan.ranks;
    const std::size_t bytes =
        make_program(demand, plan, exchanges, rank, concurrency).memory.total();
    if (bytes > most_bytes) return std::nullopt;
    if (bytes > fullest.bytes) fullest = {rank, bytes};
  }
  return fullest;
}

}  // namespace vpinfer
