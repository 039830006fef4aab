#include "buffers.hpp"

#include <algorithm>
#include <functional>
#include <optional>

#include "vpinfer/kernel/tensor.hpp"
#include "vpinfer/plan/arena.hpp"

namespace vpinfer {
namespace {

/// Whether a part of a stored box lies in memory without gaps.
bool is_contiguous(const Box& stored, const Box& part) {
  const bool whole_pixels = part.channels == stored.channels;
  const bool one_row = part.rows.size() == 1;
  if (whole_pixels && (one_row || part.cols == stored.cols)) return true;
  return one_row && part.cols.size() == 1;
}

bool have_same_boxes(const Message& a, const Message& b) {
  return a.boxes == b.boxes;
}

bool any_in_place(const std::vector<Message>& messages) {
  return std::any_of(messages.begin(), messages.end(),
                     [](const Message& message) { return message.staging == Staging::kInPlace; });
}

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
    for (Tensor& tensor : program_.tensors) {
      if (!tensor.apart) tensor.read.offset = tensor.written.offset;
      place(tensor.read, tensor.receives);
      place(tensor.written, tensor.sends);
    }
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
    const bool receives_in_place = any_in_place(tensor.receives);
    const bool sends_in_place = any_in_place(tensor.sends);
    const auto writes = [=](const Step& step) {
      return at(step, Action::kLoad) || at(step, Action::kCompute) || at(step, Action::kKeep) ||
             at(step, Action::kSend) || (sends_in_place && at(step, Action::kAwaitSends));
    };
    const auto reads = [=, this](const Step& step) {
      return at(step, Action::kKeep) || at(step, Action::kAwaitReceives) ||
             at(step, Action::kDeliver) || (receives_in_place && at(step, Action::kPostReceives)) ||
             (step.action == Action::kCompute && is_input_of(position, step.position));
    };
    if (tensor.apart) {
      add(tensor.written.box.elements(), tensor.written.offset, &RankMemory::activations, writes);
      add(tensor.read.box.elements(), tensor.read.offset, &RankMemory::activations, reads);
    } else {
      add(tensor.written.box.elements(), tensor.written.offset, &RankMemory::activations,
          [&](const Step& step) { return writes(step) || reads(step); });
    }
    add_messages(tensor.receives, [&](const Step& step) {
      return at(step, Action::kPostReceives) || at(step, Action::kAwaitReceives);
    });
    add_messages(tensor.sends, [&](const Step& step) {
      return at(step, Action::kSend) || at(step, Action::kAwaitSends);
    });
    add(tensor.workspace_floats, tensor.workspace_offset, &RankMemory::workspace,
        [&](const Step& step) { return at(step, Action::kCompute); });
  }

  /// One buffer for all packed messages of a direction; its place is noted in the first of them.
  void add_messages(std::vector<Message>& messages, const std::function<bool(const Step&)>& uses) {
    Message* first = nullptr;
    std::size_t floats = 0;
    for (Message& message : messages) {
      if (message.staging != Staging::kPacked) continue;
      if (first == nullptr) first = &message;
      floats += message.floats;
    }
    if (first != nullptr) add(floats, first->offset, &RankMemory::messages, uses);
  }

  /// The offsets of all messages, given that of the first packed one.
  static void place(const Storage& storage, std::vector<Message>& messages) {
    std::optional<std::size_t> next_packed;
    for (Message& message : messages) {
      if (message.staging == Staging::kPacked) {
        message.offset = next_packed.value_or(message.offset);
        next_packed = message.offset + message.floats;
      } else if (message.staging == Staging::kInPlace) {
        const Box& box = message.boxes.front();
        message.offset = storage.offset + ConstTensorView{nullptr, storage.box}.offset(
                                              box.rows.begin, box.cols.begin, box.channels.begin);
      } else {
        message.offset = std::find_if(messages.begin(), messages.end(), [&](const Message& first) {
                           return have_same_boxes(first, message);
                         })->offset;
      }
    }
  }

  bool is_input_of(int position, int consumer) const {
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

}  // namespace

void choose_staging(const Storage& storage, std::vector<Message>& messages) {
  for (auto message = messages.begin(); message != messages.end(); ++message) {
    if (message->boxes.size() == 1 && is_contiguous(storage.box, message->boxes.front())) {
      message->staging = Staging::kInPlace;
    } else if (std::any_of(messages.begin(), message, [&](const Message& earlier) {
                 return have_same_boxes(earlier, *message);
               })) {
      message->staging = Staging::kShared;
    }
  }
}

void place_buffers(const Network& network, Program& program) {
  ArenaWriter(network, program).write();
}

}  // namespace vpinfer
