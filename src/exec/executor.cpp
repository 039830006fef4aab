#include "exec/executor.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/units.hpp"
#include "comm/polling.hpp"
#include "kernel/convolution/convolution.hpp"
#include "kernel/convolution/pooled.hpp"
#include "kernel/elementwise.hpp"
#include "kernel/heads.hpp"
#include "kernel/locally_connected.hpp"
#include "kernel/pooling.hpp"
#include "kernel/rearrange.hpp"
#include "kernel/reorg.hpp"
#include "kernel/resample.hpp"
#include "kernel/softmax.hpp"

namespace vpinfer {
namespace {

/// Everything that a kernel may need to compute one box of one layer.
struct ComputeBox {
  const Network& network;
  int position;
  const Box& box;
  const std::optional<ChannelSum>& sum;
  ConvolutionAlgorithm algorithm;
  const std::vector<ConstTensorView>& inputs;
  TensorView output;
  const WeightSlice& weights;
  std::span<float> workspace;
  const Workers& workers;

  const Shape& input_shape(std::size_t index = 0) const {
    return network.input_shape(position, index);
  }
  const Shape& output_shape() const { return network.layer(position).output; }

  ConvolutionCall call(const Convolution& conv) const {
    return {
        conv,           algorithm, weights, input_shape(),
        inputs.front(), output,    box,     sum.value_or(ChannelSum{{0, input_shape().channels}}),
        workspace};
  }
  void in_strips(const PooledConvolution& both, int rows) const {
    convolve_and_pool(both, rows, call(both.convolution), workers);
  }

  void operator()(const Input&) const { throw Bug("the input is loaded, not computed"); }
  void operator()(const Constant& constant) const {
    write_constant(constant, weights.weights, weights.range.filters.begin, output, box);
  }
  void operator()(const Convolution& conv) const { convolve(call(conv), workers); }
  void operator()(const LocallyConnected& local) const {
    connect_locally(local, weights, input_shape(), output_shape(), inputs.front(), output, box,
                    workspace, workers);
  }
  void operator()(const MaxPool& pool) const {
    max_pool(pool, input_shape(), inputs.front(), output, box, workers);
  }
  void operator()(const AveragePool& pool) const {
    average_pool(pool, input_shape(), inputs.front(), output, box, workers);
  }
  void operator()(const Elementwise& elementwise) const {
    combine(elementwise, input_shape(0), inputs[0], input_shape(1), inputs[1], output, box,
            workers);
  }
  void operator()(const Shortcut& shortcut) const {
    add_shortcut(shortcut, inputs[0], output_shape(), input_shape(1), inputs[1], output, box,
                 workers);
  }
  void operator()(const Sum& all) const {
    add_up(all, weights.weights, weights.range.filters.begin, inputs, output, box, workers);
  }
  void operator()(const Activate& activate) const {
    activate_box(activate.activation, inputs.front(), output, box, workers);
  }
  void operator()(const PRelu&) const {
    prelu(weights.weights, weights.range.filters.begin, inputs.front(), output, box, workers);
  }
  void operator()(const Softmax& softmax) const {
    softmax_box(softmax, input_shape(), inputs.front(), output, box);
  }
  void operator()(const Concat& concat) const {
    int before = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const Box all = shifted(whole(input_shape(i)), concat.axis, before);
      copy_box(shifted(inputs[i], concat.axis, before), output, intersect(box, all));
      before += along(input_shape(i), concat.axis);
    }
  }
  void operator()(const Slice& cut) const { slice(cut, inputs.front(), output, box); }
  void operator()(const Pad& margin) const {
    pad(margin, input_shape(), inputs.front(), output, box);
  }
  void operator()(const Resample& resize) const {
    resample(resize, input_shape(), inputs.front(), output, box, workers);
  }
  void operator()(const Flatten&) const { flatten(input_shape(), inputs.front(), output, box); }
  void operator()(const Reorg& reorg) const {
    reorganise(reorg, input_shape(), output_shape(), inputs.front(), output, box, workers);
  }
  void operator()(const SpaceToDepth& move) const {
    space_to_depth(move, input_shape(), inputs.front(), output, box);
  }
  void operator()(const DepthToSpace& move) const {
    depth_to_space(move, output_shape(), inputs.front(), output, box);
  }
  void operator()(const Region& region) const {
    activate_region(region, inputs.front(), output, box, workers);
  }
  void operator()(const GridHead& head) const {
    activate_grid(head, inputs.front(), output, box, workers);
  }
  void operator()(const NanoDet& head) const {
    activate_nanodet(head, inputs.front(), output, box, workers);
  }
};

TensorView view(std::span<float> arena, const Storage& storage) {
  return {arena.data() + storage.offset, storage.box};
}

/// A message's room, two halves to a float.
HalfBits* halves(std::span<float> room) {
  return reinterpret_cast<HalfBits*>(room.data());
}

std::span<float> buffer(std::span<float> arena, const Message& message) {
  return arena.subspan(message.offset, message.floats);
}

}  // namespace

Executor::Executor(const Network& network, const Program& program, const Weights& weights,
                   ThreadPool& pool, Communicator& communicator,
                   std::chrono::duration<double> timeout)
    : network_(network),
      program_(program),
      weights_(weights),
      communicator_(communicator),
      timeout_(timeout),
      workers_{pool,
               [this] {
                 const Stopwatch stopwatch(counters_.message_seconds);
                 communicator_.progress();
               }},
      arenas_(static_cast<std::size_t>(program.lanes) * program.arena_floats) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(program.lanes); ++i) {
    lanes_.push_back(make_lane(i));
  }
  for (std::size_t i = 0; i < program.segments.size(); ++i) {
    segment_of_step_.resize(program.segments[i].end, i);
  }
}

Executor::Lane Executor::make_lane(std::size_t index) {
  Lane lane;
  lane.arena = arenas_.part(index * program_.arena_floats, program_.arena_floats);
  const auto endpoints = [&lane](const std::vector<Message>& messages) {
    std::vector<Endpoint> list;
    for (const Message& message : messages) {
      list.push_back({message.peer, buffer(lane.arena, message)});
    }
    return list;
  };
  for (const Layer& layer : network_.layers) {
    lane.inputs.emplace_back();
    for (const int input : layer.inputs) {
      lane.inputs.back().emplace_back(view(lane.arena, program_.tensor(input).read));
    }
  }
  for (const Tensor& tensor : program_.tensors) {
    const int tag = static_cast<int>(lane.exchanges.size());
    lane.exchanges.push_back({communicator_.receives(endpoints(tensor.receives), tag),
                              communicator_.sends(endpoints(tensor.sends), tag),
                              std::vector<bool>(tensor.receives.size(), false)});
  }
  return lane;
}

void Executor::begin(FrameTask task) {
  frames_.push_back({begun_ % lanes_.size(), 0, std::move(task), Clock::now()});
  ++begun_;
}

void Executor::run(FrameTask task) {
  begin(std::move(task));
  while (frames_under_way() > 0) work([] { return false; });
}

void Executor::work(const std::function<bool()>& other_work) {
  const bool advanced = advance();
  if (other_work() || advanced) return;
  const Clock::time_point start = Clock::now();
  const double busy = counters_.busy_seconds();
  Polling polling(timeout_);
  while (!advance() && !other_work()) {
    if (!polling.pause() && !frames_.empty()) throw stuck();
  }
  counters_.wait_seconds += seconds_since(start) - (counters_.busy_seconds() - busy);
}

/// Does what can be done without waiting: everything that messages allow, then at most one step of
/// computation, of the oldest frame that has one.  False if there was nothing to do.
bool Executor::advance() {
  bool moved = false;
  for (std::size_t i = 0; i < frames_.size(); ++i) {
    Frame& frame = frames_[i];
    while (may_go_on(i) && !is_computation(frame) && execute(frame)) moved = true;
  }
  for (std::size_t i = 0; i < frames_.size(); ++i) {
    if (!may_go_on(i) || !is_computation(frames_[i])) continue;
    moved = execute(frames_[i]);
    break;
  }
  return retire_finished() || moved;
}

/// Whether a frame has a step left that neither an older frame nor a lane keeps it from.
bool Executor::may_go_on(std::size_t index) const {
  const std::size_t step = frames_[index].step;
  if (step == program_.steps.size()) return false;
  if (index > 0 && frames_[index - 1].step <= step) return false;
  const Segment& segment = program_.segments[segment_of_step_[step]];
  return step > segment.begin || index < lanes_.size() ||
         frames_[index - lanes_.size()].step >= segment.end;
}

bool Executor::is_computation(const Frame& frame) const {
  const Action action = program_.steps[frame.step].action;
  return action == Action::kCompute || action == Action::kAddUp || action == Action::kLoad;
}

/// The frame's next step; false if it cannot be completed yet.
bool Executor::execute(Frame& frame) {
  const Step& step = program_.steps[frame.step];
  const Tensor& tensor = program_.tensor(step.tensor);
  Lane& lane = lanes_[frame.lane];
  bool complete = true;
  switch (step.action) {
    case Action::kLoad:
      frame.task.write_input(
          {view(lane.arena, tensor.written).data, tensor.written.box.elements()});
      break;
    case Action::kPostReceives: post_receives(exchange_of(lane, step.tensor)); break;
    case Action::kCompute: compute(lane, step); break;
    case Action::kAddUp: add_up(lane, step); break;
    case Action::kKeep: keep(lane, tensor); break;
    case Action::kSend: send(lane, step.tensor); break;
    case Action::kAwaitReceive:
      receive(lane, step.tensor);
      complete = exchange_of(lane, step.tensor).arrived[step.message];
      break;
    case Action::kAwaitReceives:
      receive(lane, step.tensor);
      complete = !exchange_of(lane, step.tensor).receives->unfinished();
      break;
    case Action::kAwaitSends: complete = finish_sends(lane, step.tensor); break;
    case Action::kDeliver:
      frame.task.receiver(tensor.position, view(lane.arena, tensor.read));
      break;
  }
  if (complete) ++frame.step;
  return complete;
}

bool Executor::retire_finished() {
  const std::size_t before = frames_.size();
  while (!frames_.empty() && frames_.front().step == program_.steps.size()) {
    const Frame frame = std::move(frames_.front());
    frames_.pop_front();
    counters_.frame_seconds.push_back(seconds_since(frame.begun));
    if (frame.task.done) frame.task.done();
  }
  return frames_.size() < before;
}

void Executor::compute(Lane& lane, const Step& step) {
  const Clock::time_point start = Clock::now();
  const double in_messages = counters_.message_seconds;
  const Tensor& tensor = program_.tensor(step.tensor);
  const int layer = tensor.first_layer();
  const ComputeBox compute_box{network_,
                               layer,
                               step.box,
                               step.sum,
                               step.algorithm,
                               lane.inputs[static_cast<std::size_t>(layer)],
                               view(lane.arena, tensor.written),
                               weights_.slice(layer),
                               lane.arena.subspan(tensor.workspace_offset, tensor.workspace_floats),
                               workers_};
  if (tensor.strips) {
    compute_box.in_strips(pooled_convolution(network_, layer, tensor.position),
                          tensor.strips->rows);
  } else {
    std::visit(compute_box, network_.layer(layer).operation);
  }
  counters_.compute_seconds += seconds_since(start) - (counters_.message_seconds - in_messages);
}

/// Always in the same order, so that the same frame gives the same sums.
void Executor::add_up(Lane& lane, const Step& step) {
  const Clock::time_point start = Clock::now();
  const double in_messages = counters_.message_seconds;
  const Tensor& sums = program_.tensor(step.tensor);
  const TensorView output = view(lane.arena, program_.tensor(sums.position).written);
  bool begins = true;
  const auto add = [&](const auto& from) {
    begins ? copy_box(from, output, step.box) : add_box(from, output, step.box);
    begins = false;
  };
  if (!sums.written.box.empty()) add(ConstTensorView(view(lane.arena, sums.written)));
  for (const Message& message : sums.receives) {
    const std::span<float> room = buffer(lane.arena, message);
    if (program_.wire == WireFormat::kFloat) {
      add(ConstTensorView{room.data(), step.box});
    } else {
      add(ConstHalfView{halves(room), step.box});
    }
    workers_.progress();
  }
  end_sums(std::get<Convolution>(network_.layer(sums.position).operation),
           weights_.slice(sums.position), output, step.box);
  counters_.compute_seconds += seconds_since(start) - (counters_.message_seconds - in_messages);
}

void Executor::keep(Lane& lane, const Tensor& tensor) {
  const Stopwatch stopwatch(counters_.pack_seconds);
  copy_box(view(lane.arena, tensor.written), view(lane.arena, tensor.read),
           intersect(tensor.written.box, tensor.read.box));
}

void Executor::send(Lane& lane, int index) {
  const Tensor& tensor = program_.tensor(index);
  for (const Message& message : tensor.sends) {
    if (message.staging == Staging::kPacked) pack(lane, tensor, message);
    counters_.sent_bytes += message.floats * sizeof(float);
  }
  const Stopwatch stopwatch(counters_.message_seconds);
  exchange_of(lane, index).sends->start();
}

void Executor::post_receives(Exchange& exchange) {
  std::fill(exchange.arrived.begin(), exchange.arrived.end(), false);
  const Stopwatch stopwatch(counters_.message_seconds);
  exchange.receives->start();
}

void Executor::receive(Lane& lane, int index) {
  const Tensor& tensor = program_.tensor(index);
  Exchange& exchange = exchange_of(lane, index);
  while (const auto arrived = test(*exchange.receives)) {
    const Message& message = tensor.receives[*arrived];
    if (message.staging == Staging::kPacked && !tensor.is_partial) unpack(lane, tensor, message);
    counters_.received_bytes += message.floats * sizeof(float);
    exchange.arrived[*arrived] = true;
  }
}

bool Executor::finish_sends(Lane& lane, int tensor) {
  Transfers& sends = *exchange_of(lane, tensor).sends;
  while (test(sends)) {
  }
  return !sends.unfinished();
}

std::optional<std::size_t> Executor::test(Transfers& transfers) {
  const Stopwatch stopwatch(counters_.message_seconds);
  return transfers.test();
}

void Executor::pack(Lane& lane, const Tensor& tensor, const Message& message) {
  const Stopwatch stopwatch(counters_.pack_seconds);
  const std::span<float> room = buffer(lane.arena, message);
  const auto pack_to = [&](auto* target) {
    for (const Box& box : message.boxes) {
      copy_box(view(lane.arena, tensor.written), View{target, box}, box);
      target += box.elements();
    }
  };
  if (program_.wire == WireFormat::kFloat) return pack_to(room.data());
  room.back() = 0;  // of an odd number of halves, half of the last float
  pack_to(halves(room));
}

void Executor::unpack(Lane& lane, const Tensor& tensor, const Message& message) {
  const Stopwatch stopwatch(counters_.pack_seconds);
  const std::span<float> room = buffer(lane.arena, message);
  const auto unpack_from = [&](const auto* source) {
    for (const Box& box : message.boxes) {
      copy_box(View{source, box}, view(lane.arena, tensor.read), box);
      source += box.elements();
    }
  };
  if (program_.wire == WireFormat::kFloat) return unpack_from(room.data());
  unpack_from(halves(room));
}

/// What the oldest frame waits for.
Error Executor::stuck() const {
  const Frame& frame = frames_.front();
  const Step& step = program_.steps[frame.step];
  const Exchange& exchange = lanes_[frame.lane].exchanges[static_cast<std::size_t>(step.tensor)];
  const Tensor& tensor = program_.tensor(step.tensor);
  const bool receiving = step.action != Action::kAwaitSends;
  const int peer = receiving ? tensor.receives[*exchange.receives->unfinished()].peer
                             : tensor.sends[*exchange.sends->unfinished()].peer;
  return {ExitCode::kRankFailed, Network::label(tensor.position) + ": could not " +
                                     (receiving ? "receive from" : "send to") + " rank " +
                                     std::to_string(peer) + " (" + communicator_.host(peer) +
                                     ") within " + fixed(timeout_.count(), 1) +
                                     " s; is it down or much slower? --timeout sets the limit"};
}

}  // namespace vpinfer
