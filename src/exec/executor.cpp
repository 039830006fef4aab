#include "exec/executor.hpp"

#include <string>
#include <utility>
#include <variant>

#include "base/units.hpp"
#include "comm/polling.hpp"

namespace vpinfer {
namespace {

/// Adds the time until its end to that of computing, but for what messages take meanwhile.
class ComputeStopwatch {
 public:
  explicit ComputeStopwatch(ExecutionCounters& counters)
      : counters_(counters), in_messages_(counters.message_seconds) {}
  ComputeStopwatch(const ComputeStopwatch&) = delete;
  ComputeStopwatch& operator=(const ComputeStopwatch&) = delete;
  ~ComputeStopwatch() {
    counters_.compute_seconds += seconds_since(start_) - (counters_.message_seconds - in_messages_);
  }

 private:
  ExecutionCounters& counters_;
  double in_messages_;
  Clock::time_point start_ = Clock::now();
};

}  // namespace

Executor::Executor(const Network& network, const Program& program, const Weights& weights,
                   ThreadPool& pool, Communicator& communicator,
                   std::chrono::duration<double> timeout)
    : network_(network),
      program_(program),
      weights_(weights),
      communicator_(communicator),
      timeout_(timeout),
      workers_{pool, [this] { move_messages(); }},
      arenas_(static_cast<std::size_t>(program.lanes) * program.arena_bytes / sizeof(float)) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(program.lanes); ++i) {
    lanes_.push_back(make_lane(i));
  }
  for (std::size_t i = 0; i < program.segments.size(); ++i) {
    segment_of_step_.resize(program.segments[i].end, i);
  }
}

Executor::Lane Executor::make_lane(std::size_t index) {
  Lane lane;
  const std::size_t floats = program_.arena_bytes / sizeof(float);
  lane.arena = std::as_writable_bytes(arenas_.part(index * floats, floats));
  for (const Layer& layer : network_.layers) {
    lane.inputs.emplace_back();
    for (const int input : layer.inputs) {
      lane.inputs.back().emplace_back(view(lane.arena, program_.tensor(input).read));
    }
  }
  for (const Tensor& tensor : program_.tensors) {
    const int tag = static_cast<int>(lane.exchanges.size());
    lane.exchanges.emplace_back(tensor, lane.arena, communicator_, tag, counters_);
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
  Polling polling(timeout_);
  const auto in_time = [&] {
    const Stopwatch stopwatch(counters_.wait_seconds);
    return polling.pause();
  };
  while (!advance() && !other_work()) {
    if (!in_time() && !frames_.empty()) throw stuck();
  }
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
    moved |= execute(frames_[i]);
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
  const Step& step = program_.steps[frame.step];
  return std::holds_alternative<step::Compute>(step) || std::holds_alternative<step::AddUp>(step) ||
         std::holds_alternative<step::Load>(step);
}

/// The frame's next step; false if it cannot be completed yet.
bool Executor::execute(Frame& frame) {
  const bool complete =
      std::visit([&](const auto& step) { return take(frame, step); }, program_.steps[frame.step]);
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

/// Asking costs some microseconds a peer, which pieces of small layers are hardly longer than.
void Executor::move_messages() {
  constexpr std::chrono::microseconds kPause{100};
  const Clock::time_point now = Clock::now();
  if (now - messages_moved_ < kPause) return;
  const Stopwatch stopwatch(counters_.message_seconds);
  communicator_.progress();
  messages_moved_ = Clock::now();
}

bool Executor::take(Frame& frame, const step::Load&) {
  const TensorView input = view(lanes_[frame.lane].arena, program_.tensor(0).written);
  frame.task.write_input({input.data, input.box.elements()});
  return true;
}

bool Executor::take(Frame& frame, const step::PostReceives& post) {
  exchange_of(frame, post.tensor).post_receives();
  return true;
}

bool Executor::take(Frame& frame, const step::Compute& compute) {
  const ComputeStopwatch stopwatch(counters_);
  const Lane& lane = lanes_[frame.lane];
  const Tensor& tensor = program_.tensor(compute.tensor);
  const int layer = compute.computation.first_layer();
  const std::span<std::byte> workspace =
      lane.arena.subspan(tensor.workspace.offset, tensor.workspace.bytes);
  const Operands operands{
      lane.inputs[static_cast<std::size_t>(layer)],
      weights_.slice(layer),
      view(lane.arena, tensor.written),
      {reinterpret_cast<float*>(workspace.data()), workspace.size() / sizeof(float)}};
  vpinfer::compute(network_, compute.computation, operands, workers_);
  return true;
}

bool Executor::take(Frame& frame, const step::AddUp& add_up) {
  const ComputeStopwatch stopwatch(counters_);
  const int position = program_.tensor(add_up.tensor).position;
  add_up_parts(
      network_, position, exchange_of(frame, add_up.tensor).parts(), weights_.slice(position),
      view(lanes_[frame.lane].arena, program_.tensor(position).written), add_up.box, workers_);
  return true;
}

bool Executor::take(Frame& frame, const step::Keep& keep) {
  const Stopwatch stopwatch(counters_.pack_seconds);
  const Tensor& tensor = program_.tensor(keep.tensor);
  const std::span<std::byte> arena = lanes_[frame.lane].arena;
  copy_box(view(arena, tensor.written), view(arena, tensor.read),
           intersect(tensor.written.box, tensor.read.box));
  return true;
}

bool Executor::take(Frame& frame, const step::Send& send) {
  exchange_of(frame, send.tensor).send();
  return true;
}

bool Executor::take(Frame& frame, const step::AwaitReceive& await) {
  TensorExchange& exchange = exchange_of(frame, await.tensor);
  exchange.receive();
  return exchange.has_received(await.message);
}

bool Executor::take(Frame& frame, const step::AwaitReceives& await) {
  TensorExchange& exchange = exchange_of(frame, await.tensor);
  exchange.receive();
  return exchange.has_received_all();
}

bool Executor::take(Frame& frame, const step::AwaitSends& await) {
  return exchange_of(frame, await.tensor).finish_sends();
}

bool Executor::take(Frame& frame, const step::Deliver& deliver) {
  const TensorView output = view(lanes_[frame.lane].arena, program_.tensor(deliver.tensor).read);
  frame.task.receiver(deliver.tensor, {output.data, output.box.elements()});
  return true;
}

/// What the oldest frame waits for.
Error Executor::stuck() const {
  const Frame& frame = frames_.front();
  const Step& step = program_.steps[frame.step];
  const Tensor& tensor = program_.tensor(tensor_of(step));
  const TensorExchange& exchange =
      lanes_[frame.lane].exchanges[static_cast<std::size_t>(tensor_of(step))];
  const bool sending = std::holds_alternative<step::AwaitSends>(step);
  const auto* receive = std::get_if<step::AwaitReceive>(&step);
  const int peer = sending              ? exchange.peer_not_reached()
                   : receive != nullptr ? tensor.receives[receive->message].peer
                                        : exchange.peer_not_heard();
  return {ExitCode::kRankFailed, Network::label(tensor.position) + ": could not " +
                                     (sending ? "send to" : "receive from") + " rank " +
                                     std::to_string(peer) + " (" + communicator_.host(peer) +
                                     ") within " + fixed(timeout_.count(), 1) +
                                     " s; is it down or much slower? --timeout sets the limit"};
}

}  // namespace vpinfer
