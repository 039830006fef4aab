#include "program/arena_layout.hpp"

#include <algorithm>
#include <optional>
#include <variant>

#include "program/arena.hpp"

namespace vpinfer {
namespace {

/// What a buffer counts as.
enum class Use { kActivation, kMessage, kWorkspace };

/// One buffer of one tensor.
struct Buffer {
  Lifetime lifetime;  // not used if `first` is behind `last`
  std::size_t tensor = 0;
  std::size_t TensorPlaces::*place = nullptr;
  Use use = Use::kActivation;

  [[nodiscard]] bool is_used() const { return lifetime.first <= lifetime.last; }
};

/// The buffers of one tensor, by their positions in the list of all; empty where there is none.
struct BuffersOfTensor {
  std::optional<std::size_t> written;
  std::optional<std::size_t> read;  // the same as `written` unless they are apart
  std::optional<std::size_t> receives;
  std::optional<std::size_t> sends;
  std::optional<std::size_t> workspace;
};

/// Finds out which step uses which buffer: a buffer is alive from the first to the last of them.
class Lifetimes {
 public:
  Lifetimes(const Network& network, const TensorOutlines& tensors, const std::vector<Step>& steps)
      : network_(network), tensors_(tensors), steps_(steps.size()) {
    for (std::size_t i = 0; i < tensors.size(); ++i) add_buffers_of(i);
    for (const Step& step : steps) {
      std::visit(*this, step);
      ++at_;
    }
  }

  [[nodiscard]] const std::vector<Buffer>& buffers() const { return buffers_; }

  void operator()(const step::Load&) { use(of(0).written); }
  void operator()(const step::PostReceives& action) {
    use(of(action.tensor).receives);
    if (outline(action.tensor).receives.any_in_place) use(of(action.tensor).read);
  }
  void operator()(const step::Compute& action) {
    use(of(action.tensor).written);
    use(of(action.tensor).workspace);
    for (const int input : network_.layer(outline(action.tensor).first_layer()).inputs) {
      use(of(input).read);
    }
  }
  void operator()(const step::AddUp& action) {
    use(of(action.tensor).written);
    use(of(action.tensor).receives);
    use(of(outline(action.tensor).position).written);
  }
  void operator()(const step::Keep& action) {
    use(of(action.tensor).written);
    use(of(action.tensor).read);
  }
  void operator()(const step::Send& action) {
    use(of(action.tensor).written);
    use(of(action.tensor).sends);
  }
  void operator()(const step::AwaitReceive& action) { await(action.tensor); }
  void operator()(const step::AwaitReceives& action) { await(action.tensor); }
  void operator()(const step::AwaitSends& action) {
    use(of(action.tensor).sends);
    if (outline(action.tensor).sends.any_in_place) use(of(action.tensor).written);
  }
  void operator()(const step::Deliver& action) { use(of(action.tensor).read); }

 private:
  void add_buffers_of(std::size_t index) {
    const TensorOutline& tensor = tensors_[index];
    const auto add = [&](std::size_t bytes, std::size_t TensorPlaces::*place, Use use) {
      if (bytes == 0) return std::optional<std::size_t>();
      buffers_.push_back({{bytes, steps_, 0}, index, place, use});
      return std::optional(buffers_.size() - 1);
    };
    BuffersOfTensor buffers;
    buffers.written =
        add(tensor.written.elements() * sizeof(float), &TensorPlaces::written, Use::kActivation);
    buffers.read = tensor.apart ? add(tensor.read.elements() * sizeof(float), &TensorPlaces::read,
                                      Use::kActivation)
                                : buffers.written;
    buffers.receives = add(tensor.receives.packed_bytes, &TensorPlaces::receives, Use::kMessage);
    buffers.sends = add(tensor.sends.packed_bytes, &TensorPlaces::sends, Use::kMessage);
    buffers.workspace = add(tensor.workspace_bytes, &TensorPlaces::workspace, Use::kWorkspace);
    of_tensor_.push_back(buffers);
  }

  [[nodiscard]] const TensorOutline& outline(int tensor) const {
    return tensors_[static_cast<std::size_t>(tensor)];
  }
  [[nodiscard]] const BuffersOfTensor& of(int tensor) const {
    return of_tensor_[static_cast<std::size_t>(tensor)];
  }

  void use(std::optional<std::size_t> buffer) {
    if (!buffer) return;
    Lifetime& life = buffers_[*buffer].lifetime;
    life.first = std::min(life.first, at_);
    life.last = at_;
  }

  void await(int tensor) {
    use(of(tensor).receives);
    use(of(tensor).read);
  }

  const Network& network_;
  const TensorOutlines& tensors_;
  std::size_t steps_;
  std::size_t at_ = 0;  // the step that is looked at
  std::vector<Buffer> buffers_;
  std::vector<BuffersOfTensor> of_tensor_;
};

/// Cuts the steps where no buffer is alive from the one before to the one after.
std::vector<Segment> find_segments(const std::vector<Buffer>& buffers, std::size_t steps) {
  std::vector<std::size_t> reaches(steps, 0);  // the last step of what begins here
  for (const Buffer& buffer : buffers) {
    if (!buffer.is_used()) continue;
    std::size_t& reach = reaches[buffer.lifetime.first];
    reach = std::max(reach, buffer.lifetime.last);
  }
  std::vector<Segment> segments;
  std::size_t alive_until = 0;
  for (std::size_t step = 0; step < steps; ++step) {
    if (step == 0 || step > alive_until) segments.push_back({step, step});
    segments.back().end = step + 1;
    alive_until = std::max(alive_until, reaches[step]);
  }
  return segments;
}

/// Places the buffers of one segment behind those of the segments before it.
void place(const Segment& segment, const std::vector<Buffer>& buffers, ArenaLayout& layout) {
  std::vector<const Buffer*> here;
  std::vector<Lifetime> lifetimes;
  for (const Buffer& buffer : buffers) {
    const std::size_t first = buffer.lifetime.first;
    if (!buffer.is_used() || first < segment.begin || first >= segment.end) continue;
    here.push_back(&buffer);
    lifetimes.push_back(buffer.lifetime);
  }
  const ArenaPlan arena = pack_arena(lifetimes);
  for (std::size_t i = 0; i < here.size(); ++i) {
    layout.places[here[i]->tensor].*here[i]->place = layout.bytes + arena.offsets[i];
  }
  layout.bytes += arena.bytes;
}

/// Bytes in use at one step.
struct InUse {
  std::size_t activations = 0;
  std::size_t messages = 0;
  std::size_t workspace = 0;

  [[nodiscard]] std::size_t total() const { return activations + messages + workspace; }
  [[nodiscard]] std::size_t& of(Use use) {
    return use == Use::kActivation ? activations : use == Use::kMessage ? messages : workspace;
  }
};

/// Adds up what is in use at the fullest step of each segment.
void account(const std::vector<Buffer>& buffers, std::size_t steps, ArenaLayout& layout) {
  std::vector<std::vector<const Buffer*>> begin(steps);
  std::vector<std::vector<const Buffer*>> end(steps);
  for (const Buffer& buffer : buffers) {
    if (!buffer.is_used()) continue;
    begin[buffer.lifetime.first].push_back(&buffer);
    end[buffer.lifetime.last].push_back(&buffer);
  }
  InUse now;
  for (const Segment& segment : layout.segments) {
    InUse fullest;
    for (std::size_t step = segment.begin; step < segment.end; ++step) {
      for (const Buffer* buffer : begin[step]) now.of(buffer->use) += buffer->lifetime.bytes;
      if (now.total() > fullest.total()) fullest = now;
      for (const Buffer* buffer : end[step]) now.of(buffer->use) -= buffer->lifetime.bytes;
    }
    layout.workspace_bytes += fullest.workspace;
    layout.message_bytes += fullest.messages;
  }
}

}  // namespace

ArenaLayout lay_out_arena(const Network& network, const TensorOutlines& tensors,
                          const std::vector<Step>& steps) {
  const Lifetimes lifetimes(network, tensors, steps);
  const std::vector<Buffer>& buffers = lifetimes.buffers();
  ArenaLayout layout;
  layout.places.resize(tensors.size());
  layout.segments = find_segments(buffers, steps.size());
  for (const Segment& segment : layout.segments) place(segment, buffers, layout);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (!tensors[i].apart) layout.places[i].read = layout.places[i].written;
  }
  account(buffers, steps.size(), layout);
  return layout;
}

}  // namespace vpinfer
