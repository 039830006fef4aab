#include "exec/executor.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/units.hpp"
#include "comm/polling.hpp"

namespace vpinfer {
namespace {

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

/// What is added up of partial sums: a rank's own, if it has some, then those of its messages.
std::vector<PartialSums> parts_of(std::span<float> arena, const Tensor& tensor, WireFormat wire) {
  std::vector<PartialSums> parts;
  if (!tensor.is_partial) return parts;
  if (!tensor.written.box.empty()) parts.emplace_back(view(arena, tensor.written));
  for (const Message& message : tensor.receives) {
    const std::span<float> room = buffer(arena, message);
    const Box& box = message.boxes.front();
    if (wire == WireFormat::kFloat) {
      parts.emplace_back(ConstTensorView{room.data(), box});
    } else {
      parts.emplace_back(ConstHalfView{halves(room), box});
    }
  }
  return parts;
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
    lane.parts.push_back(parts_of(lane.arena, tensor, program_.wire));
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
  const Operands operands{lane.inputs[static_cast<std::size_t>(layer)], weights_.slice(layer),
                          view(lane.arena, tensor.written),
                          lane.arena.subspan(tensor.workspace_offset, tensor.workspace_floats)};
  vpinfer::compute(network_, program_.computation(step), operands, workers_);
  counters_.compute_seconds += seconds_since(start) - (counters_.message_seconds - in_messages);
}

void Executor::add_up(Lane& lane, const Step& step) {
  const Clock::time_point start = Clock::now();
  const double in_messages = counters_.message_seconds;
  const int position = program_.tensor(step.tensor).position;
  add_up_parts(network_, position, lane.parts[static_cast<std::size_t>(step.tensor)],
               weights_.slice(position), view(lane.arena, program_.tensor(position).written),
               step.box, workers_);
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
