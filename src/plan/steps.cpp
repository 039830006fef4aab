#include "plan/steps.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "plan/geometry.hpp"

namespace vpinfer {
namespace {

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
      if (tensor.in_strips) continue;
      if (tensor.partial_sums) {
        sum_up(position, *tensor.partial_sums);
      } else {
        post_receives(position);
        if (position == 0) {
          if (program_.rank == 0) add(Action::kLoad, 0);
        } else {
          compute(position);
        }
      }
      if (tensor.apart) add(Action::kKeep, position);
      send(position);
      if (position == 0) finish_sends();  // before the first layer needs the input's memory
      await_earlier(position);
      if (program_.rank == 0 && std::binary_search(delivery_.begin(), delivery_.end(), position)) {
        await(position);
        add(Action::kDeliver, position);
      }
    }
    finish_sends();
  }

 private:
  void add(const Step& step) { program_.steps.push_back(step); }
  void add(Action action, int tensor, const Box& box = {}) { add({action, tensor, box}); }

  void add_computation(int tensor, const Box& box, std::optional<ChannelSum> sum = {}) {
    Step step{Action::kCompute, tensor, box, sum};
    const int layer = program_.tensor(tensor).first_layer();
    if (const auto* conv = std::get_if<Convolution>(&network_.layer(layer).operation)) {
      const WeightForm form = weight_form(network_, plan_, layer, program_.rank);
      const int summed = sum ? sum->channels.size() : network_.input_shape(layer, 0).channels;
      step.algorithm = choose_algorithm(*conv, plan_.conv, form, summed,
                                        convolved(program_.tensor(tensor), box));
    }
    add(step);
  }

  /// The box of a convolution's output that is computed at a time.
  Box convolved(const Tensor& tensor, const Box& box) const {
    if (!tensor.strips) return box;
    return pooled_convolution(network_, tensor.first_layer(), tensor.position)
        .largest_strip(box, tensor.strips->rows);
  }

  /// Positions of what computing an output reads.
  const std::vector<int>& inputs(int position) const {
    return network_.layer(program_.tensor(position).first_layer()).inputs;
  }

  /// What computing a box reads of one of those.
  Box required(int position, std::size_t input, const Box& box) const {
    const Tensor& tensor = program_.tensor(position);
    if (!tensor.strips) return required_input(network_, position, input, box);
    return required_input(network_, tensor.strips->convolution, input,
                          required_input(network_, position, 0, box));
  }

  void post_receives(int tensor) {
    if (!program_.tensor(tensor).receives.empty()) add(Action::kPostReceives, tensor);
  }

  /// Lets a tensor's boxes go.  Those sent before have had the time of a computation to leave.
  void send(int tensor) {
    const bool sends = !program_.tensor(tensor).sends.empty();
    if (sends) add(Action::kSend, tensor);
    finish_sends();
    if (sends) sending_ = tensor;
  }

  void await(int tensor) {
    if (!pending_[index(tensor)]) return;
    add(Action::kAwaitReceives, tensor);
    pending_[index(tensor)] = false;
  }

  /// Boxes that only a far layer reads have had a layer's time to travel: their buffers go.
  void await_earlier(int position) {
    for (int earlier = 0; earlier < position; ++earlier) await(earlier);
  }

  void finish_sends() {
    if (sending_) add(Action::kAwaitSends, *sending_);
    sending_.reset();
  }

  static std::size_t index(int position) { return static_cast<std::size_t>(position); }

  /// What this rank can read of an output at this point of the program.
  Box available(int position) const {
    return pending_[index(position)] ? plan_.owned(position, program_.rank)
                                     : program_.tensor(position).read.box;
  }

  /// Whether `box` reads nothing that is still on its way, looking along the given axes.
  bool computable(int position, const Box& box, std::span<const Axis> axes) const {
    for (std::size_t i = 0; i < inputs(position).size(); ++i) {
      const Box needed = required(position, i, box);
      const Box here = available(inputs(position)[i]);
      for (const Axis axis : axes) {
        if (!(here.*axis).contains(needed.*axis)) return false;
      }
    }
    return true;
  }

  /// Each part of a convolution reads all its weights once more, as much work as some dozens of
  /// pixels: where there are few pixels and many weights, waiting for the borders is cheaper than
  /// computing around them.
  bool worth_dividing(int position, const Box& box) const {
    constexpr int kFewPixels = 256;
    constexpr std::size_t kManyWeights = 65536;
    const std::size_t weights =
        static_cast<std::size_t>(box.channels.size()) *
        weight_shape(network_, program_.tensor(position).first_layer()).elements_per_filter();
    return box.rows.size() * box.cols.size() >= kFewPixels || weights < kManyWeights;
  }

  /// How far from one end the first computable slice of an axis lies, at most `count`.  Computable
  /// slices lie together: steps that double find them, halving finds the first.
  template <typename IsComputable>
  static int skip(int count, const IsComputable& is_computable) {
    if (count == 0 || is_computable(0)) return 0;
    int fails = 0;
    int next = 1;
    while (next < count && !is_computable(next)) {
      fails = next;
      next *= 2;
    }
    if (next >= count) return count;
    while (next - fails > 1) {
      const int middle = (fails + next) / 2;
      (is_computable(middle) ? next : fails) = middle;
    }
    return next;
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
      range.begin +=
          skip(range.size(), [&](int i) { return slice_is_computable(range.begin + i); });
      range.end -=
          skip(range.size(), [&](int i) { return slice_is_computable(range.end - 1 - i); });
      if (range.empty()) return {};
    }
    return !inner.empty() && computable(position, inner, kAxes) ? inner : Box{};
  }

  /// A peer's message that brings all pixels of some input channels.
  struct ChannelBlock {
    std::size_t message = 0;
    Interval channels;
  };

  /// What the messages bring that a convolution reads, if it can sum over one after another, and if
  /// each has channels enough for a matrix product of its own at every tap of the window.  The
  /// peers before this rank come first, the nearest of them leading, because each rank sends to
  /// those after it first: no two want the same one at the same time.
  std::vector<ChannelBlock> channel_blocks(int position, const Box& box) const {
    constexpr int kFewestChannels = 64;
    const Layer& layer = network_.layer(position);
    const auto* conv = std::get_if<Convolution>(&layer.operation);
    if (conv == nullptr || conv->groups != 1 || !pending_[index(layer.inputs.front())]) return {};
    const int input = layer.inputs.front();
    const Box required = required_input(network_, position, 0, box);
    const auto has_all_pixels = [&](const Box& part) {
      return part.rows == required.rows && part.cols == required.cols;
    };
    const Box own = intersect(required, plan_.owned(input, program_.rank));
    if (!own.empty() && !has_all_pixels(own)) return {};
    std::vector<ChannelBlock> blocks;
    const std::vector<Message>& messages = program_.tensor(input).receives;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      for (const Box& sent : messages[i].boxes) {
        const Box part = intersect(required, sent);
        if (part.empty()) continue;
        if (!has_all_pixels(part) || part.channels.size() < kFewestChannels) return {};
        blocks.push_back({i, part.channels});
      }
    }
    const auto before = std::partition_point(
        blocks.begin(), blocks.end(),
        [&](const ChannelBlock& block) { return messages[block.message].peer < program_.rank; });
    std::reverse(blocks.begin(), before);
    std::reverse(before, blocks.end());
    return blocks;
  }

  void accumulate(int position, const Box& box, const std::vector<ChannelBlock>& blocks) {
    const int input = network_.layer(position).inputs.front();
    const Box own =
        intersect(required_input(network_, position, 0, box), plan_.owned(input, program_.rank));
    bool begins = true;
    if (!own.empty()) {
      add_computation(position, box, ChannelSum{own.channels, true, false});
      begins = false;
    }
    std::optional<std::size_t> awaited;
    for (const ChannelBlock& block : blocks) {
      if (awaited != block.message) {
        add({.action = Action::kAwaitReceive, .tensor = input, .message = block.message});
      }
      awaited = block.message;
      const bool ends = &block == &blocks.back();
      add_computation(position, box, ChannelSum{block.channels, begins, ends});
      begins = false;
    }
    await(input);
  }

  void compute(int position) {
    const Box& box = plan_.owned(position, program_.rank);
    if (box.empty()) return;
    if (const auto blocks = channel_blocks(position, box); blocks.size() > 1) {
      accumulate(position, box, blocks);
      return;
    }
    const Box inner = worth_dividing(position, box) ? interior(position, box) : Box{};
    if (!inner.empty()) add_computation(position, inner);
    const std::vector<Box> rest = subtract(box, inner);
    if (rest.empty()) return;
    for (std::size_t i = 0; i < inputs(position).size(); ++i) {
      const int input = inputs(position)[i];
      if (!available(input).contains(required(position, i, box))) await(input);
    }
    for (const Box& piece : rest) add_computation(position, piece);
  }

  /// Partial sums over this rank's channels for everyone, then all ranks' for this rank.  Nobody
  /// can send its output before it has the sums of all, so there is time to post those receives.
  void sum_up(int position, int partial) {
    const Tensor& sums = program_.tensor(partial);
    const Box& owned = plan_.owned(position, program_.rank);
    post_receives(partial);
    if (!sums.written.box.empty()) {
      const int input = network_.layer(position).inputs.front();
      const Box required = read_box(network_, plan_, position, 0, program_.rank);
      if (!available(input).contains(required)) await(input);
      add_computation(partial, sums.written.box, ChannelSum{required.channels, true, false});
    }
    post_receives(position);
    send(partial);
    await(partial);
    if (!owned.empty()) add(Action::kAddUp, partial, owned);
  }

  const Network& network_;
  const Plan& plan_;
  const Delivery& delivery_;
  Program& program_;
  std::vector<bool> pending_;   // receives of this tensor have not been awaited
  std::optional<int> sending_;  // tensor whose sends are under way
};

}  // namespace

void write_steps(const Network& network, const Plan& plan, const Delivery& delivery,
                 Program& program) {
  StepWriter(network, plan, delivery, program).write();
}

}  // namespace vpinfer
