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

std::size_t workspace_floats(const Network& network, const Plan& plan, int position, int rank) {
  const Operation& operation = network.layer(position).operation;
  const Box box = computed_box(network, plan, position, rank);
  if (const auto* conv = std::get_if<Convolution>(&operation)) {
    const std::optional<Interval> summed = plan.summed(position, rank);
    return convolution_workspace(
        *conv, summed ? summed->size() : network.input_shape(position, 0).channels, box);
  }
  if (const auto* local = std::get_if<LocallyConnected>(&operation); local && !box.empty()) {
    return locally_connected_workspace(*local, network.input_shape(position, 0).channels);
  }
  return 0;
}

/// The programs of some ranks; each tensor's exchange is computed once for all of them.
std::vector<Program> make_programs(const Demand& demand, const Plan& plan, Interval ranks,
                                   int lanes) {
  const Network& network = demand.network();
  std::vector<Program> programs(static_cast<std::size_t>(ranks.size()));
  const auto program_of = [&](int rank) {
    return &programs[static_cast<std::size_t>(rank - ranks.begin)];
  };
  // Appends a tensor to every program, with its messages.
  const auto add_tensors = [&](const Tensor& tensor, const std::vector<Transfer>& transfers) {
    for (Program& program : programs) program.tensors.push_back(tensor);
    for (const Transfer& transfer : transfers) {
      if (ranks.contains({transfer.to, transfer.to + 1})) {
        add_to_message(program_of(transfer.to)->tensors.back().receives, transfer.from,
                       transfer.box, plan.wire);
      }
      if (ranks.contains({transfer.from, transfer.from + 1})) {
        add_to_message(program_of(transfer.from)->tensors.back().sends, transfer.to, transfer.box,
                       plan.wire);
      }
    }
  };
  for (int rank = ranks.begin; rank < ranks.end; ++rank) {
    program_of(rank)->rank = rank;
    program_of(rank)->lanes = lanes;
    program_of(rank)->wire = plan.wire;
  }
  for (int position = 0; position < network.size(); ++position) {
    add_tensors({.position = position}, exchange(demand, plan, position));
    for (Program& program : programs) {
      Tensor& tensor = program.tensors.back();
      choose_storage(demand, plan, position, program.rank, tensor);
      if (!plan.sums.contains(position)) {
        tensor.workspace_floats = workspace_floats(network, plan, position, program.rank);
      }
      choose_staging(tensor.read, plan.wire, tensor.receives);
      choose_staging(tensor.written, plan.wire, tensor.sends);
    }
  }
  for (const auto& [position, shares] : plan.sums) {
    add_tensors({.position = position, .is_partial = true},
                exchange_of_sums(network, plan, position));
    for (Program& program : programs) {
      Tensor& tensor = program.tensors.back();
      program.tensors[static_cast<std::size_t>(position)].partial_sums =
          static_cast<int>(program.tensors.size()) - 1;
      tensor.written.box = computed_box(network, plan, position, program.rank);
      tensor.workspace_floats = workspace_floats(network, plan, position, program.rank);
      choose_staging(tensor.written, plan.wire, tensor.sends);
    }
  }
  for (Program& program : programs) {
    write_steps(network, plan, demand.delivery(), program);
    place_buffers(network, program);
    program.memory.weights = weights_bytes(network, plan, program.rank);
    program.memory.library = kLibraryBytes;
  }
  return programs;
}

}  // namespace

Program make_program(const Network& network, const Plan& plan, const Delivery& delivery, int rank,
                     int lanes) {
  return std::move(make_programs({network, delivery}, plan, {rank, rank + 1}, lanes).front());
}

std::vector<RankMemory> predict_memory(const Network& network, const Plan& plan,
                                       const Delivery& delivery, int lanes) {
  return predict({network, delivery}, plan, lanes).memory;
}

std::size_t fullest_bytes(const std::vector<RankMemory>& memory) {
  std::size_t most = 0;
  for (const RankMemory& rank : memory) most = std::max(most, rank.total());
  return most;
}

Prediction predict(const Demand& demand, const Plan& plan, int lanes) {
  Prediction prediction;
  for (const Program& program : make_programs(demand, plan, {0, plan.ranks}, lanes)) {
    prediction.memory.push_back(program.memory);
    for (const Tensor& tensor : program.tensors) {
      for (const Message& message : tensor.sends) {
        prediction.bytes_moved += message.floats * sizeof(float);
      }
    }
  }
  return prediction;
}

}  // namespace vpinfer
