#include "vpinfer/plan/program.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <span>

#include "vpinfer/kernel/convolution.hpp"
#include "vpinfer/plan/arena.hpp"
#include "vpinfer/plan/geometry.hpp"

namespace vpinfer {
namespace {

/// What OpenBLAS keeps for its packed panels once it has multiplied, as measured by
/// bench/memory.sh.
constexpr std::size_t kLibraryBytes = 2 * 1024 * 1024;

/// Transfers -> one message per peer, in the order of the peers.
void add_to_message(std::vector<Message>& messages, int peer, const Box& box) {
  const auto found = std::find_if(messages.begin(), messages.end(),
                                  [&](const Message& m) { return m.peer == peer; });
  Message& message =
      found == messages.end() ? messages.emplace_back(Message{peer, {}, 0, 0}) : *found;
  message.boxes.push_back(box);
  message.floats += box.elements();
}

using Axis = Interval Box::*;
constexpr std::array<Axis, 3> kAxes{&Box::rows, &Box::cols, &Box::channels};

/// Writes the steps of one rank, layer by layer.
class StepWriter {
 public:
  StepWriter(const Network& network, const Plan& plan, const Delivery& delivery, Program& program)
      : network_(network), plan_(plan), delivery_(delivery), program_(program) {
    for (const Tensor& tensor : program.tensors) pending_.push_back(!tensor.receives.empty());
  }

  void write() {
    for (int position = 0; position < network_.size(); ++position) {
      const Tensor& tensor = program_.tensor(position);
      if (!tensor.receives.empty()) add(Action::kPostReceives, position);
      if (position == 0) {
        if (program_.rank == 0) add(Action::kLoad, 0);
      } else {
        compute(position);
      }
      if (!tensor.sends.empty()) add(Action::kSend, position);
      finish_sends();
      if (!tensor.sends.empty()) sending_ = position;
      if (program_.rank == 0 && std::binary_search(delivery_.begin(), delivery_.end(), position)) {
        await(position);
        add(Action::kDeliver, position);
      }
    }
    finish_sends();
  }

 private:
  void add(Action action, int position, const Box& box = {}) {
    program_.steps.push_back({action, position, box});
  }

  void await(int position) {
    if (!pending_[index(position)]) return;
    add(Action::kAwaitReceives, position);
    pending_[index(position)] = false;
  }

  void finish_sends() {
    if (sending_) add(Action::kAwaitSends, *sending_);
    sending_.reset();
  }

  static std::size_t index(int position) { return static_cast<std::size_t>(position); }

  /// What this rank can read of an output at this point of the program.
  Box available(int position) const {
    return pending_[index(position)] ? plan_.owned(position, program_.rank)
                                     : program_.tensor(position).held;
  }

  /// Whether `box` reads nothing that is still on its way, looking along the given axes.
  bool computable(int position, const Box& box, std::span<const Axis> axes) const {
    const Layer& layer = network_.layer(position);
    for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
      const Box required = required_input(network_, position, i, box);
      const Box here = available(layer.inputs[i]);
      for (const Axis axis : axes) {
        if (!(here.*axis).contains(required.*axis)) return false;
      }
    }
    return true;
  }

  /// The part of `box` that can be computed before the boxes on their way have arrived: every axis
  /// is shrunk from both ends to the slices that need none of them.
  Box interior(int position, const Box& box) const {
    Box inner = box;
    for (const Axis& axis : kAxes) {
      const auto slice_is_computable = [&](int at) {
        Box slice = box;
        slice.*axis = {at, at + 1};
        return computable(position, slice, {&axis, 1});
      };
      Interval& range = inner.*axis;
      while (!range.empty() && !slice_is_computable(range.begin)) ++range.begin;
      while (!range.empty() && !slice_is_computable(range.end - 1)) --range.end;
    }
    return !inner.empty() && computable(position, inner, kAxes) ? inner : Box{};
  }

  void compute(int position) {
    const Box& box = plan_.owned(position, program_.rank);
    if (box.empty()) return;
    const Box inner = interior(position, box);
    if (!inner.empty()) add(Action::kCompute, position, inner);
    const std::vector<Box> rest = subtract(box, inner);
    if (rest.empty()) return;
    const Layer& layer = network_.layer(position);
    for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
      const Box required = required_input(network_, position, i, box);
      if (!available(layer.inputs[i]).contains(required)) await(layer.inputs[i]);
    }
    for (const Box& piece : rest) add(Action::kCompute, position, piece);
  }

  const Network& network_;
  const Plan& plan_;
  const Delivery& delivery_;
  Program& program_;
  std::vector<bool> pending_;   // receives of this output have not been awaited
  std::optional<int> sending_;  // position whose sends are under way
};

/// Gives every buffer of a program its lifetime and its place in the arena.
class ArenaWriter {
 public:
  ArenaWriter(const Network& network, Program& program) : network_(network), program_(program) {}

  void write() {
    for (std::size_t position = 0; position < program_.tensors.size(); ++position) {
      add_buffers_of(static_cast<int>(position));
    }
    std::vector<Lifetime> lifetimes;
    for (const Buffer& buffer : buffers_) lifetimes.push_back(buffer.lifetime);
    const ArenaPlan arena = pack_arena(lifetimes);
    for (std::size_t i = 0; i < buffers_.size(); ++i) *buffers_[i].offset = arena.offsets[i];
    program_.arena_floats = arena.floats;
    account(arena.floats);
  }

 private:
  struct Buffer {
    Lifetime lifetime;
    std::size_t* offset;               // where its place is written
    std::size_t RankMemory::*account;  // what it counts as
  };

  /// From the first to the last step that `uses` the buffer.
  Lifetime lifetime(std::size_t floats, const std::function<bool(const Step&)>& uses) const {
    Lifetime life{floats, program_.steps.size(), 0};
    for (std::size_t i = 0; i < program_.steps.size(); ++i) {
      if (!uses(program_.steps[i])) continue;
      life.first = std::min(life.first, i);
      life.last = i;
    }
    return life;
  }

  void add(std::size_t floats, std::size_t& offset, std::size_t RankMemory::*account,
           const std::function<bool(const Step&)>& uses) {
    if (floats > 0) buffers_.push_back({lifetime(floats, uses), &offset, account});
  }

  void add_buffers_of(int position) {
    Tensor& tensor = program_.tensors[static_cast<std::size_t>(position)];
    const auto at = [position](const Step& step, Action action) {
      return step.position == position && step.action == action;
    };
    add(tensor.held.elements(), tensor.offset, &RankMemory::activations, [&](const Step& step) {
      if (step.position == position) return step.action != Action::kPostReceives;
      return step.action == Action::kCompute && reads(step.position, position);
    });
    for (Message& message : tensor.receives) {
      add(message.floats, message.offset, &RankMemory::messages, [&](const Step& step) {
        return at(step, Action::kPostReceives) || at(step, Action::kAwaitReceives);
      });
    }
    for (Message& message : tensor.sends) {
      add(message.floats, message.offset, &RankMemory::messages, [&](const Step& step) {
        return at(step, Action::kSend) || at(step, Action::kAwaitSends);
      });
    }
    add(tensor.workspace_floats, tensor.workspace_offset, &RankMemory::workspace,
        [&](const Step& step) { return at(step, Action::kCompute); });
  }

  bool reads(int consumer, int position) const {
    const std::vector<int>& inputs = network_.layer(consumer).inputs;
    return std::find(inputs.begin(), inputs.end(), position) != inputs.end();
  }

  /// Splits the arena by what it holds at its fullest step; gaps count as activations.
  void account(std::size_t arena_floats) {
    RankMemory fullest;
    for (std::size_t step = 0; step < program_.steps.size(); ++step) {
      RankMemory now;
      for (const Buffer& buffer : buffers_) {
        if (buffer.lifetime.first <= step && step <= buffer.lifetime.last) {
          now.*buffer.account += buffer.lifetime.floats * sizeof(float);
        }
      }
      if (now.total() > fullest.total()) fullest = now;
    }
    program_.memory.workspace = fullest.workspace;
    program_.memory.messages = fullest.messages;
    program_.memory.activations =
        arena_floats * sizeof(float) - fullest.workspace - fullest.messages;
  }

  const Network& network_;
  Program& program_;
  std::vector<Buffer> buffers_;
};

std::size_t workspace_floats(const Network& network, const Plan& plan, int position, int rank) {
  const auto* conv = std::get_if<Convolution>(&network.layer(position).operation);
  if (conv == nullptr) return 0;
  return convolution_workspace(*conv, network.input_shape(position, 0).channels,
                               plan.owned(position, rank));
}

/// The programs of some ranks; each layer's exchange is computed once for all of them.
std::vector<Program> make_programs(const Network& network, const Plan& plan,
                                   const Delivery& delivery, Interval ranks) {
  std::vector<Program> programs(static_cast<std::size_t>(ranks.size()));
  const auto program_of = [&](int rank) {
    return &programs[static_cast<std::size_t>(rank - ranks.begin)];
  };
  for (int rank = ranks.begin; rank < ranks.end; ++rank) {
    program_of(rank)->rank = rank;
    program_of(rank)->tensors.resize(network.layers.size());
  }
  for (int position = 0; position < network.size(); ++position) {
    const auto tensor_of = [&](int rank) -> Tensor& {
      return program_of(rank)->tensors[static_cast<std::size_t>(position)];
    };
    for (const Transfer& transfer : exchange(network, plan, delivery, position)) {
      if (ranks.contains({transfer.to, transfer.to + 1})) {
        add_to_message(tensor_of(transfer.to).receives, transfer.from, transfer.box);
      }
      if (ranks.contains({transfer.from, transfer.from + 1})) {
        add_to_message(tensor_of(transfer.from).sends, transfer.to, transfer.box);
      }
    }
    for (int rank = ranks.begin; rank < ranks.end; ++rank) {
      tensor_of(rank).held = held_box(network, plan, delivery, position, rank);
      tensor_of(rank).workspace_floats = workspace_floats(network, plan, position, rank);
    }
  }
  for (Program& program : programs) {
    StepWriter(network, plan, delivery, program).write();
    ArenaWriter(network, program).write();
    program.memory.weights = weights_bytes(network, plan, program.rank);
    program.memory.library = kLibraryBytes;
  }
  return programs;
}

}  // namespace

Program make_program(const Network& network, const Plan& plan, const Delivery& delivery, int rank) {
  return std::move(make_programs(network, plan, delivery, {rank, rank + 1}).front());
}

std::vector<RankMemory> predict_memory(const Network& network, const Plan& plan,
                                       const Delivery& delivery) {
  std::vector<RankMemory> memory;
  for (const Program& program : make_programs(network, plan, delivery, {0, plan.ranks})) {
    memory.push_back(program.memory);
  }
  return memory;
}

}  // namespace vpinfer
