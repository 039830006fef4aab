#include "search/simulated_rank.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "search/work.hpp"

namespace vpinfer {

SimulatedRank::SimulatedRank(const Network& network, const Program& program, const Host& host,
                             int rank)
    : program_(program), host_(host), rank_(rank) {
  for (const Step& step : program.steps) step_seconds_.push_back(seconds_of(network, step));
  for (std::size_t i = 0; i < program.segments.size(); ++i) {
    segment_of_step_.resize(program.segments[i].end, i);
  }
}

void SimulatedRank::begin(double time) {
  if (frames_.empty()) time_ = std::max(time_, time);
  Frame frame{.number = begun_++};
  frame.outboxes.resize(program_.tensors.size());
  for (const Tensor& tensor : program_.tensors) {
    const std::size_t messages = tensor.receives.size();
    frame.inboxes.push_back({std::vector<Incoming>(messages), false, messages});
  }
  frames_.push_back(std::move(frame));
}

bool SimulatedRank::has_places(std::size_t frame, int tensor) const {
  return frames_[frame - frames_.front().number]
      .inboxes[static_cast<std::size_t>(tensor)]
      .has_places;
}

void SimulatedRank::let_go(const Outgoing& message, double time) {
  Outbox& outbox = frame_of(message.frame).outboxes[static_cast<std::size_t>(message.tensor)];
  --outbox.waiting;
  outbox.left = std::max(outbox.left, time);
  if (message.time < outbox.placed) return;
  outbox.placed = message.time;
  outbox.peer = message.to;
}

void SimulatedRank::expect(const Outgoing& message, double arrival) {
  const std::vector<PlacedMessage>& receives = program_.tensor(message.tensor).receives;
  const auto receive = std::find_if(
      receives.begin(), receives.end(),
      [&message](const PlacedMessage& candidate) { return candidate.peer == message.from; });
  Inbox& inbox = frame_of(message.frame).inboxes[static_cast<std::size_t>(message.tensor)];
  inbox.messages[static_cast<std::size_t>(receive - receives.begin())] = {message.time, arrival};
  inbox.last = std::max(inbox.last, arrival);
  --inbox.missing;
}

double SimulatedRank::advance(double time, Peers& peers) {
  if (moved_) waited_since_ = time_;
  wait_until(time);
  bool moved = false;
  for (std::size_t i = 0; i < frames_.size(); ++i) {
    while (may_go_on(i) && !is_computation(frames_[i]) && take(frames_[i], peers)) moved = true;
  }
  for (std::size_t i = 0; i < frames_.size(); ++i) {
    if (!may_go_on(i) || !is_computation(frames_[i])) continue;
    moved = take(frames_[i], peers);
    break;
  }
  moved_ = moved;
  return moved ? time_ : next_event();
}

bool SimulatedRank::retire() {
  if (frames_.empty() || frames_.front().step < program_.steps.size()) return false;
  frames_.pop_front();
  return true;
}

/// What a step that computes takes; nothing for one that moves messages.
double SimulatedRank::seconds_of(const Network& network, const Step& step) const {
  Work work;
  if (const auto* compute = std::get_if<step::Compute>(&step)) {
    work = work_of(network, compute->computation);
  } else if (const auto* add_up = std::get_if<step::AddUp>(&step)) {
    const auto received = static_cast<int>(program_.tensor(add_up->tensor).receives.size());
    work = work_of_adding_up(add_up->box.elements(), received + 1);
  } else if (std::holds_alternative<step::Load>(step)) {
    work = work_of_loading(network.input_shape().elements());
  } else if (const auto* keep = std::get_if<step::Keep>(&step)) {
    const Tensor& tensor = program_.tensor(keep->tensor);
    work =
        work_of_packing(sizeof(float) * intersect(tensor.written.box, tensor.read.box).elements());
  }
  return work.seconds(host_.speed);
}

/// What the bytes of a message take of the processor on either side as they leave or come.
double SimulatedRank::passing_seconds(const PlacedMessage& message) const {
  return static_cast<double>(message.bytes) * host_.link.byte_processor_seconds;
}

/// What a message takes beside, before or behind that.
double SimulatedRank::handling_seconds(WireFormat wire, const PlacedMessage& message) const {
  const std::size_t copied = message.staging == Staging::kPacked ? message.bytes : 0;
  return host_.link.message_processor_seconds + work_of_packing(wire, copied).seconds(host_.speed);
}

/// When a message is received by a rank that has had nothing to do since a time: it takes bytes in
/// as they come.
double SimulatedRank::received(WireFormat wire, const PlacedMessage& message,
                               const Incoming& incoming, double idle_since) const {
  const double taken_in = std::max(idle_since, incoming.sent) + passing_seconds(message);
  return std::max(taken_in, incoming.arrival) + handling_seconds(wire, message);
}

bool SimulatedRank::is_computation(const Frame& frame) const {
  const Step& step = step_of(frame);
  return std::holds_alternative<step::Compute>(step) || std::holds_alternative<step::AddUp>(step) ||
         std::holds_alternative<step::Load>(step);
}

bool SimulatedRank::may_go_on(std::size_t index) const {
  const std::size_t step = frames_[index].step;
  if (step == program_.steps.size()) return false;
  if (index > 0 && frames_[index - 1].step <= step) return false;
  const auto lanes = static_cast<std::size_t>(program_.lanes);
  const Segment& segment = program_.segments[segment_of_step_[step]];
  return step > segment.begin || index < lanes || frames_[index - lanes].step >= segment.end;
}

/// The message for which a frame waits the longest: one that nobody has sent, or the last to come.
std::optional<std::size_t> SimulatedRank::awaited(const Frame& frame) const {
  const Step& step = step_of(frame);
  if (const auto* await = std::get_if<step::AwaitReceive>(&step)) return await->message;
  if (!std::holds_alternative<step::AwaitReceives>(step)) return std::nullopt;
  const std::vector<Incoming>& messages =
      frame.inboxes[static_cast<std::size_t>(tensor_of(step))].messages;
  const auto last =
      std::max_element(messages.begin(), messages.end(),
                       [](const Incoming& a, const Incoming& b) { return a.arrival < b.arrival; });
  return static_cast<std::size_t>(last - messages.begin());
}

void SimulatedRank::note(const Frame& frame, const Activity& activity) {
  if (frame.number == 0 && activity.begin < activity.end) timeline_.push_back(activity);
}

/// From now to `end`: until a message is sent, its sender is waited for, then the link.
void SimulatedRank::note_wait(const Frame& frame, double end) {
  if (frame.number != 0 || frame.step == program_.steps.size()) return;
  const auto tensor = static_cast<std::size_t>(tensor_of(step_of(frame)));
  const int position = program_.tensors[tensor].position;
  double sent = time_;
  if (const auto message = awaited(frame)) {
    sent = std::clamp(frame.inboxes[tensor].messages[*message].sent, time_, end);
    const int peer = program_.tensors[tensor].receives[*message].peer;
    note(frame, {Doing::kAwaitPeer, position, time_, sent, peer});
  } else if (std::holds_alternative<step::AwaitSends>(step_of(frame))) {
    const Outbox& outbox = frame.outboxes[tensor];
    sent = outbox.waiting > 0 ? end : std::clamp(outbox.placed, time_, end);
    note(frame, {Doing::kAwaitPeer, position, time_, sent, outbox.peer});
  }
  note(frame, {Doing::kAwaitLink, position, sent, end});
}

/// Until now, for so long; what came while the rank waited for more was unpacked meanwhile.
void SimulatedRank::note_receiving(const Frame& frame, int position, double seconds) {
  if (frame.number != 0) return;
  double begin = time_ - seconds;
  while (!timeline_.empty() && timeline_.back().end > begin) {
    Activity& last = timeline_.back();
    if (last.doing != Doing::kAwaitLink && last.doing != Doing::kAwaitPeer) {
      begin = last.end;
    } else if (last.begin < begin) {
      last.end = begin;
    } else {
      timeline_.pop_back();
    }
  }
  note(frame, {Doing::kMessages, position, begin, time_});
}

double SimulatedRank::next_event() const {
  double next = kNever;
  for (std::size_t i = 0; i < frames_.size(); ++i) {
    if (!may_go_on(i)) continue;
    const Frame& frame = frames_[i];
    const Step& step = step_of(frame);
    const auto tensor = static_cast<std::size_t>(tensor_of(step));
    const Inbox& inbox = frame.inboxes[tensor];
    if (std::holds_alternative<step::AwaitSends>(step)) {
      next = std::min(next, frame.outboxes[tensor].gone());
    } else if (const auto* await = std::get_if<step::AwaitReceive>(&step)) {
      next = std::min(next, inbox.messages[await->message].arrival);
    } else if (std::holds_alternative<step::AwaitReceives>(step)) {
      next = std::min(next, inbox.missing > 0 ? kNever : inbox.last);
    } else {
      next = time_;
    }
  }
  return next;
}

void SimulatedRank::wait_until(double time) {
  if (time <= time_) return;
  if (!frames_.empty()) note_wait(frames_.front(), time);
  time_ = time;
}

/// The frame's next step; false if it cannot be completed yet.
bool SimulatedRank::take(Frame& frame, Peers& peers) {
  const Step& step = step_of(frame);
  const int tensor = tensor_of(step);
  bool complete = true;
  if (const auto* await = std::get_if<step::AwaitReceive>(&step)) {
    complete = receive(frame, *await);
  } else if (std::holds_alternative<step::AwaitReceives>(step)) {
    complete = receive_all(frame, tensor);
  } else if (std::holds_alternative<step::AwaitSends>(step)) {
    complete = frame.outboxes[static_cast<std::size_t>(tensor)].gone() <= time_;
  } else if (std::holds_alternative<step::Send>(step)) {
    send(frame, tensor, peers);
  } else if (std::holds_alternative<step::PostReceives>(step)) {
    frame.inboxes[static_cast<std::size_t>(tensor)].has_places = true;
    peers.has_places(rank_, frame.number, tensor, time_);
  } else {
    const double begun = time_;
    time_ += step_seconds_[frame.step];
    note(frame, {Doing::kCompute, program_.tensor(tensor).position, begun, time_});
  }
  if (complete) ++frame.step;
  return complete;
}

/// Unpacks one message if it has come.
bool SimulatedRank::receive(Frame& frame, const step::AwaitReceive& await) {
  Inbox& inbox = frame.inboxes[static_cast<std::size_t>(await.tensor)];
  if (inbox.messages[await.message].arrival > time_) return false;
  const Tensor& tensor = program_.tensor(await.tensor);
  const PlacedMessage& message = tensor.receives[await.message];
  const double handling = handling_seconds(tensor.wire, message);
  time_ = std::max(time_ + handling,
                   received(tensor.wire, message, inbox.messages[await.message], waited_since_));
  waited_since_ = time_;
  note_receiving(frame, tensor.position, passing_seconds(message) + handling);
  inbox.messages[await.message].taken = true;
  return true;
}

/// Once all messages have come: each was unpacked as it came.
bool SimulatedRank::receive_all(Frame& frame, int tensor) {
  Inbox& inbox = frame.inboxes[static_cast<std::size_t>(tensor)];
  if (inbox.missing > 0 || inbox.last > time_) return false;
  const WireFormat wire = program_.tensor(tensor).wire;
  const std::vector<PlacedMessage>& receives = program_.tensor(tensor).receives;
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < receives.size(); ++i) {
    if (!inbox.messages[i].taken) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&inbox](std::size_t a, std::size_t b) {
    return inbox.messages[a].arrival < inbox.messages[b].arrival;
  });
  double done = waited_since_;
  double seconds = 0;
  for (const std::size_t i : order) {
    seconds += passing_seconds(receives[i]) + handling_seconds(wire, receives[i]);
    done = received(wire, receives[i], inbox.messages[i], done);
    inbox.messages[i].taken = true;
  }
  time_ = std::max(time_, done);
  note_receiving(frame, program_.tensor(tensor).position, seconds);
  return true;
}

void SimulatedRank::send(Frame& frame, int tensor, Peers& peers) {
  const double begun = time_;
  const WireFormat wire = program_.tensor(tensor).wire;
  for (const PlacedMessage& message : program_.tensor(tensor).sends) {
    time_ += passing_seconds(message) + handling_seconds(wire, message);
    const Outgoing outgoing{frame.number, tensor, rank_, message.peer, message.bytes, time_};
    if (outgoing.awaits_place()) ++frame.outboxes[static_cast<std::size_t>(tensor)].waiting;
    peers.send(outgoing);
  }
  note(frame, {Doing::kMessages, program_.tensor(tensor).position, begun, time_});
}

}  // namespace vpinfer
