#include "plan/program.hpp"

#include <algorithm>

#include "plan/buffers.hpp"
#include "plan/geometry.hpp"
#include "plan/steps.hpp"

namespace vpinfer {
namespace {

/// What a rank has more than an empty MPI program: code of HDF5 and OpenBLAS that has run,
/// OpenBLAS's packed panels, connections to peers.  Measured by bench/scaling.py.
constexpr std::size_t kLibraryBytes = 13 * 512 * 1024;

/// What a thread more takes beside its workspace: the stack that kernels use, the allocator's arena
/// and OpenBLAS's buffer.  Measured on 2 and 7 threads, where it was 0.9 and 0.3 MiB.
constexpr std::size_t kThreadBytes = 640 * 1024;

/// Of the frames in flight, those whose results are kept: frames end one after another, while the
/// next may be about to.
constexpr int kFramesThatEnd = 2;

std::size_t delivered_floats(const Program& program) {
  std::size_t floats = 0;
  for (const Step& step : program.steps) {
    if (step.action == Action::kDeliver) floats += program.tensor(step.tensor).read.box.elements();
  }
  return floats;
}

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

/// How a rank computes a max pooling together with the convolution before it.  It does if nobody
/// else reads what lies between them, here or on another rank.
std::optional<Strips> strips_of(const Demand& demand, const Plan& plan, const Exchanges& exchanges,
                                int position, int rank, int threads) {
  const Network& network = demand.network();
  if (!std::holds_alternative<MaxPool>(network.layer(position).operation)) return std::nullopt;
  const int between = network.layer(position).inputs.front();
  const Box& box = plan.owned(position, rank);
  const std::vector<Transfer>& moved = *exchanges.outputs[static_cast<std::size_t>(between)];
  const bool is_convolution = std::holds_alternative<Convolution>(network.layer(between).operation);
  if (!is_convolution || box.empty() || plan.summed(between, rank) ||
      demand.readers(between).size() > 1 || demand.is_delivered_to(between, 0) ||
      !plan.owned(between, rank).contains(required_input(network, position, 0, box)) ||
      std::any_of(moved.begin(), moved.end(), [rank](const Transfer& transfer) {
        return transfer.from == rank || transfer.to == rank;
      })) {
    return std::nullopt;
  }
  const auto rows = usual_strip_rows(pooled_convolution(network, between, position), box, threads);
  return rows ? std::optional(Strips{between, *rows}) : std::nullopt;
}

void reserve_workspaces(const Network& network, int threads, Program& program) {
  for (const Step& step : program.steps) {
    if (step.action != Action::kCompute) continue;
    Tensor& tensor = program.tensors[static_cast<std::size_t>(step.tensor)];
    tensor.workspace_floats = std::max(
        tensor.workspace_floats, workspace_floats(network, program.computation(step), threads));
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
    tensor.strips = strips_of(demand, plan, exchanges, position, rank, concurrency.threads);
    if (tensor.strips) {
      Tensor& between = program.tensors[static_cast<std::size_t>(tensor.strips->convolution)];
      between.in_strips = true;
      between.written = between.read = {};
    }
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
  program.memory.library =
      kLibraryBytes + static_cast<std::size_t>(concurrency.threads - 1) * kThreadBytes;
  program.memory.results = static_cast<std::size_t>(std::min(concurrency.lanes, kFramesThatEnd)) *
                           delivered_floats(program) * sizeof(float);
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
