#include "plan/buffers.hpp"

#include <algorithm>
#include <optional>

#include "kernel/tensor.hpp"
#include "plan/arena.hpp"

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
    for (Tensor& tensor : program_.tensors) buffers_of_.push_back(add_buffers_of(tensor));
    for (std::size_t i = 0; i < program_.steps.size(); ++i) note_uses(i, program_.steps[i]);
    find_segments();
    for (const Segment& segment : program_.segments) pack(segment);
    for (Tensor& tensor : program_.tensors) {
      if (!tensor.apart) tensor.read.offset = tensor.written.offset;
      place(tensor.read, tensor.receives);
      place(tensor.written, tensor.sends);
    }
    account();
  }

 private:
  struct Buffer {
    Lifetime lifetime;
    std::size_t* offset;               // where its place is written
    std::size_t RankMemory::*account;  // what it counts as
  };

  /// The buffers of one tensor, by their positions in `buffers_`; empty where there is none.
  struct TensorBuffers {
    std::optional<std::size_t> written;
    std::optional<std::size_t> read;  // the same as `written` unless they are apart
    std::optional<std::size_t> receives;
    std::optional<std::size_t> sends;
    std::optional<std::size_t> workspace;
    bool receives_in_place = false;
    bool sends_in_place = false;
  };

  std::optional<std::size_t> add(std::size_t floats, std::size_t& offset,
                                 std::size_t RankMemory::*account) {
    if (floats == 0) return std::nullopt;
    buffers_.push_back({{floats, program_.steps.size(), 0}, &offset, account});
    return buffers_.size() - 1;
  }

  TensorBuffers add_buffers_of(Tensor& tensor) {
    TensorBuffers buffers;
    buffers.written =
        add(tensor.written.box.elements(), tensor.written.offset, &RankMemory::activations);
    buffers.read =
        tensor.apart ? add(tensor.read.box.elements(), tensor.read.offset, &RankMemory::activations)
                     : buffers.written;
    buffers.receives = add_messages(tensor.receives);
    buffers.sends = add_messages(tensor.sends);
    buffers.workspace =
        add(tensor.workspace_floats, tensor.workspace_offset, &RankMemory::workspace);
    buffers.receives_in_place = any_in_place(tensor.receives);
    buffers.sends_in_place = any_in_place(tensor.sends);
    return buffers;
  }

  /// One buffer for all packed messages of a direction; its place is noted in the first of them.
  std::optional<std::size_t> add_messages(std::vector<Message>& messages) {
    Message* first = nullptr;
    std::size_t floats = 0;
    for (Message& message : messages) {
      if (message.staging != Staging::kPacked) continue;
      if (first == nullptr) first = &message;
      floats += message.floats;
    }
    return first == nullptr ? std::nullopt : add(floats, first->offset, &RankMemory::messages);
  }

  /// A buffer is alive from the first to the last step that uses it.
  void use(std::size_t step, std::optional<std::size_t> buffer) {
    if (!buffer) return;
    Lifetime& life = buffers_[*buffer].lifetime;
    life.first = std::min(life.first, step);
    life.last = step;
  }

  void note_uses(std::size_t at, const Step& step) {
    const TensorBuffers& buffers = buffers_of(step.tensor);
    const int position = program_.tensor(step.tensor).position;
    switch (step.action) {
      case Action::kLoad: return use(at, buffers.written);
      case Action::kPostReceives:
        use(at, buffers.receives);
        if (buffers.receives_in_place) use(at, buffers.read);
        return;
      case Action::kCompute:
        use(at, buffers.written);
        use(at, buffers.workspace);
        for (const int input : network_.layer(program_.tensor(step.tensor).first_layer()).inputs) {
          use(at, buffers_of(input).read);
        }
        return;
      case Action::kAddUp:
        use(at, buffers.written);
        use(at, buffers.receives);
        use(at, buffers_of(position).written);
        return;
      case Action::kKeep:
        use(at, buffers.written);
        use(at, buffers.read);
        return;
      case Action::kSend:
        use(at, buffers.written);
        use(at, buffers.sends);
        return;
      case Action::kAwaitReceive:
      case Action::kAwaitReceives:
        use(at, buffers.receives);
        use(at, buffers.read);
        return;
      case Action::kAwaitSends:
        use(at, buffers.sends);
        if (buffers.sends_in_place) use(at, buffers.written);
        return;
      case Action::kDeliver: return use(at, buffers.read);
    }
  }

  [[nodiscard]] const TensorBuffers& buffers_of(int tensor) const {
    return buffers_of_[static_cast<std::size_t>(tensor)];
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

  /// Cuts the steps where no buffer is alive from the one before to the one after.
  void find_segments() {
    std::vector<std::size_t> reaches(program_.steps.size(),
                                     0);  // the last step of what begins here
    for (const Buffer& buffer : buffers_) {
      if (!is_used(buffer)) continue;
      std::size_t& reach = reaches[buffer.lifetime.first];
      reach = std::max(reach, buffer.lifetime.last);
    }
    std::size_t alive_until = 0;
    for (std::size_t step = 0; step < program_.steps.size(); ++step) {
      if (step == 0 || step > alive_until) program_.segments.push_back({step, step});
      program_.segments.back().end = step + 1;
      alive_until = std::max(alive_until, reaches[step]);
    }
  }

  /// Places the buffers of one segment behind those of the segments before it.
  void pack(const Segment& segment) {
    std::vector<Buffer*> here;
    std::vector<Lifetime> lifetimes;
    for (Buffer& buffer : buffers_) {
      const std::size_t first = buffer.lifetime.first;
      if (!is_used(buffer) || first < segment.begin || first >= segment.end) continue;
      here.push_back(&buffer);
      lifetimes.push_back(buffer.lifetime);
    }
    const ArenaPlan arena = pack_arena(lifetimes);
    for (std::size_t i = 0; i < here.size(); ++i) {
      *here[i]->offset = program_.arena_floats + arena.offsets[i];
    }
    program_.arena_floats += arena.floats;
  }

  static bool is_used(const Buffer& buffer) {
    return buffer.lifetime.first <= buffer.lifetime.last;
  }

  /// Splits the arena by what it holds at the fullest step of each segment; gaps count as
  /// activations.
  void account() {
    std::vector<std::vector<const Buffer*>> begin(program_.steps.size());
    std::vector<std::vector<const Buffer*>> end(program_.steps.size());
    for (const Buffer& buffer : buffers_) {
      if (!is_used(buffer)) continue;
      begin[buffer.lifetime.first].push_back(&buffer);
      end[buffer.lifetime.last].push_back(&buffer);
    }
    RankMemory now;
    RankMemory all;
    for (const Segment& segment : program_.segments) {
      RankMemory fullest;
      for (std::size_t step = segment.begin; step < segment.end; ++step) {
        for (const Buffer* buffer : begin[step]) {
          now.*buffer->account += buffer->lifetime.floats * sizeof(float);
        }
        if (now.total() > fullest.total()) fullest = now;
        for (const Buffer* buffer : end[step]) {
          now.*buffer->account -= buffer->lifetime.floats * sizeof(float);
        }
      }
      all.workspace += fullest.workspace;
      all.messages += fullest.messages;
    }
    const auto lanes = static_cast<std::size_t>(program_.lanes);
    program_.memory.workspace = lanes * all.workspace;
    program_.memory.messages = lanes * all.messages;
    program_.memory.activations =
        lanes * (program_.arena_floats * sizeof(float) - all.workspace - all.messages);
  }

  const Network& network_;
  Program& program_;
  std::vector<Buffer> buffers_;
  std::vector<TensorBuffers> buffers_of_;  // by tensor
};

}  // namespace

void choose_staging(const Storage& storage, WireFormat wire, std::vector<Message>& messages) {
  for (auto message = messages.begin(); message != messages.end(); ++message) {
    if (wire == WireFormat::kFloat && message->boxes.size() == 1 &&
        is_contiguous(storage.box, message->boxes.front())) {
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
