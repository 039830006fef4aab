#include "program/steps.hpp"

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
  StepWriter(const Traffic& traffic, const TensorOutlines& tensors, int rank)
      : network_(traffic.demand.network()),
        demand_(traffic.demand),
        distribution_(traffic.distribution),
        exchanges_(traffic.exchanges),
        tensors_(tensors),
        rank_(rank) {
    for (const TensorOutline& tensor : tensors) {
      pending_.push_back(tensor.receives.messages > 0);
    }
  }

  std::vector<Step> write() {
    for (int position = 0; position < network_.size(); ++position) {
      const TensorOutline& tensor = outline(position);
      if (tensor.in_strips) continue;
      if (tensor.partial_sums) {
        sum_up(position, *tensor.partial_sums);
      } else {
        post_receives(position);
        if (position == 0) {
          if (rank_ == 0) add(step::Load{});
        } else {
          compute(position);
        }
      }
      if (tensor.apart) add(step::Keep{position});
      send(position);
      if (position == 0) finish_sends();  // before the first layer needs the input's memory
      await_earlier(position);
      if (demand_.is_delivered_to(position, rank_)) {
        await(position);
        add(step::Deliver{position});
      }
    }
    finish_sends();
    return std::move(steps_);
  }

 private:
  void add(const Step& step) { steps_.push_back(step); }

  void add_computation(int tensor, const Box& box, std::optional<ChannelSum> sum = {}) {
    const TensorOutline& computed = outline(tensor);
    Computation computation{
        .position = computed.position, .box = box, .sum = sum, .strips = computed.strips};
    const int layer = computation.first_layer();
    if (std::holds_alternative<Convolution>(network_.layer(layer).operation)) {
      computation.algorithm =
          choose_algorithm(network_, distribution_.plan().conv,
                           distribution_.stored(layer, rank_).storage.form, computation);
    }
    add(step::Compute{tensor, computation});
  }

  /// Positions of what computing an output reads.
  const std::vector<int>& inputs(int position) const {
    return network_.layer(outline(position).first_layer()).inputs;
  }

  /// What computing a box reads of one of those.
  Box required(int position, std::size_t input, const Box& box) const {
    const TensorOutline& tensor = outline(position);
    if (!tensor.strips) return required_input(network_, position, input, box);
    return required_input(network_, tensor.strips->convolution, input,
                          required_input(network_, position, 0, box));
  }

  void post_receives(int tensor) {
    if (outline(tensor).receives.messages > 0) add(step::PostReceives{tensor});
  }

  /// Lets a tensor's boxes go.  Those sent before have had the time of a computation to leave.
  void send(int tensor) {
    const bool sends = outline(tensor).sends.messages > 0;
    if (sends) add(step::Send{tensor});
    finish_sends();
    if (sends) sending_ = tensor;
  }

  void await(int tensor) {
    if (!pending_[index(tensor)]) return;
    add(step::AwaitReceives{tensor});
    pending_[index(tensor)] = false;
  }

  /// Boxes that only a far layer reads have had a layer's time to travel: their buffers go.
  void await_earlier(int position) {
    for (int earlier = 0; earlier < position; ++earlier) await(earlier);
  }

  void finish_sends() {
    if (sending_) add(step::AwaitSends{*sending_});
    sending_.reset();
  }

  static std::size_t index(int position) { return static_cast<std::size_t>(position); }

  const TensorOutline& outline(int tensor) const { return tensors_[index(tensor)]; }

  /// What this rank can read of an output at this point of the program.
  Box available(int position) const {
    return pending_[index(position)] ? distribution_.owned(position, rank_)
                                     : outline(position).read;
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
        weight_shape(network_, outline(position).first_layer()).elements_per_filter();
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
    const Box own = intersect(required, distribution_.owned(input, rank_));
    if (!own.empty() && !has_all_pixels(own)) return {};
    std::vector<ChannelBlock> blocks;
    const std::vector<Message> messages = exchanges_.output(input)->to(rank_);
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
        [&](const ChannelBlock& block) { return messages[block.message].from < rank_; });
    std::reverse(blocks.begin(), before);
    std::reverse(before, blocks.end());
    return blocks;
  }

  void accumulate(int position, const Box& box, const std::vector<ChannelBlock>& blocks) {
    const int input = network_.layer(position).inputs.front();
    const Box own =
        intersect(required_input(network_, position, 0, box), distribution_.owned(input, rank_));
    bool begins = true;
    if (!own.empty()) {
      add_computation(position, box, ChannelSum{own.channels, true, false});
      begins = false;
    }
    std::optional<std::size_t> awaited;
    for (const ChannelBlock& block : blocks) {
      if (awaited != block.message) {
        add(step::AwaitReceive{input, block.message});
      }
      awaited = block.message;
      const bool ends = &block == &blocks.back();
      add_computation(position, box, ChannelSum{block.channels, begins, ends});
      begins = false;
    }
    await(input);
  }

  void compute(int position) {
    const Box& box = distribution_.owned(position, rank_);
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
    const TensorOutline& sums = outline(partial);
    const Box& owned = distribution_.owned(position, rank_);
    post_receives(partial);
    if (!sums.written.empty()) {
      const int input = network_.layer(position).inputs.front();
      const Box required = distribution_.read(position, 0, rank_);
      if (!available(input).contains(required)) await(input);
      add_computation(partial, sums.written, ChannelSum{required.channels, true, false});
    }
    post_receives(position);
    send(partial);
    await(partial);
    if (!owned.empty()) add(step::AddUp{partial, owned});
  }

  const Network& network_;
  const Demand& demand_;
  const Distribution& distribution_;
  const Exchanges& exchanges_;
  const TensorOutlines& tensors_;
  int rank_;
  std::vector<Step> steps_;
  std::vector<bool> pending_;   // receives of this tensor have not been awaited
  std::optional<int> sending_;  // tensor whose sends are under way
};

}  // namespace

std::vector<Step> write_steps(const Traffic& traffic, const TensorOutlines& tensors, int rank) {
  return StepWriter(traffic, tensors, rank).write();
}

}  // namespace vpinfer
