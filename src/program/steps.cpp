#include "program/steps.hpp"

#include <optional>
#include <utility>
#include <variant>

#include "plan/geometry.hpp"
#include "program/overlap.hpp"

namespace vpinfer {
namespace {

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

  /// The same of everything that computing an output reads.
  std::vector<Box> available_inputs(int position) const {
    std::vector<Box> boxes;
    for (const int input : inputs(position)) boxes.push_back(available(input));
    return boxes;
  }

  /// What messages bring that a convolution can sum over one after another.
  std::vector<ChannelBlock> arriving_blocks(int position, const Box& box) const {
    const Layer& layer = network_.layer(position);
    const auto* conv = std::get_if<Convolution>(&layer.operation);
    if (conv == nullptr || conv->groups != 1) return {};
    const int input = layer.inputs.front();
    if (!pending_[index(input)]) return {};
    return channel_blocks(required_input(network_, position, 0, box),
                          distribution_.owned(input, rank_), exchanges_.output(input)->to(rank_),
                          rank_);
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
    if (const auto blocks = arriving_blocks(position, box); blocks.size() > 1) {
      accumulate(position, box, blocks);
      return;
    }
    const TensorOutline& tensor = outline(position);
    const std::vector<Box> here = available_inputs(position);
    const Box inner = interior(network_, tensor, box, here);
    if (!inner.empty()) add_computation(position, inner);
    const std::vector<Box> rest = subtract(box, inner);
    if (rest.empty()) return;
    for (std::size_t i = 0; i < here.size(); ++i) {
      if (!here[i].contains(read_to_compute(network_, tensor, i, box))) {
        await(inputs(position)[i]);
      }
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
