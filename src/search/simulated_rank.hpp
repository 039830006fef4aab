#pragma once

#include <deque>
#include <limits>
#include <optional>
#include <vector>

#include "program/program.hpp"
#include "search/simulation.hpp"
#include "vpinfer/cluster.hpp"

namespace vpinfer {

/// A time that does not come.
inline constexpr double kNever = std::numeric_limits<double>::infinity();

/// A message as a simulated rank sends it.
struct Outgoing {
  std::size_t frame = 0;
  int tensor = 0;
  int from = 0;
  int to = 0;
  std::size_t bytes = 0;
  double time = 0;

  /// Whether it is gone only when its receiver has a place for it: its last chunk is synchronous
  /// (MpiTransfers).  What is no larger than a chunk is copied by the system, and gone.
  [[nodiscard]] bool awaits_place() const {
    constexpr std::size_t kChunkBytes = 61440;
    return bytes > kChunkBytes;
  }
};

/// What a simulated rank tells the others.
class Peers {
 public:
  Peers() = default;
  virtual ~Peers() = default;

  virtual void send(const Outgoing& message) = 0;
  /// The rank has places for all messages of a tensor of a frame.
  virtual void has_places(int rank, std::size_t frame, int tensor, double time) = 0;

 protected:
  Peers(const Peers&) = default;
  Peers& operator=(const Peers&) = default;
};

/// One rank with a clock of its own that runs its program as Executor does, only that every step
/// takes the time that it would.  The referenced objects must outlive it.
class SimulatedRank {
 public:
  SimulatedRank(const Network& network, const Program& program, const Host& host, int rank);

  [[nodiscard]] double time() const { return time_; }
  /// Of its first frame.
  [[nodiscard]] const Timeline& timeline() const { return timeline_; }

  /// Begins one more frame, not before a time.
  void begin(double time);
  /// Whether there are places for the messages of a tensor of a frame that has begun.
  [[nodiscard]] bool has_places(std::size_t frame, int tensor) const;
  /// A message of a frame that has begun will be here at a time.
  void expect(const Outgoing& message, double arrival);
  /// What this rank has sent will be gone at a time.
  void let_go(const Outgoing& message, double time);
  /// Waits until a time and does what can be done then: messages of all frames, and one
  /// computation.  Returns when there may be more to do; kNever if only a message that nobody has
  /// sent yet changes that.
  double advance(double time, Peers& peers);
  /// When the first thing that some frame waits for happens; kNever as above.
  [[nodiscard]] double next_event() const;
  /// Forgets the oldest frame if it is through, and tells so.
  bool retire();

 private:
  /// A message to come.
  struct Incoming {
    double sent = kNever;
    double arrival = kNever;
    bool taken = false;
  };

  /// A frame's messages of one tensor.
  struct Inbox {
    std::vector<Incoming> messages;
    bool has_places = false;
    std::size_t missing = 0;  // how many nobody has sent
    double last = 0;          // arrival of those that are on their way
  };

  /// What a frame sends of one tensor.
  struct Outbox {
    std::size_t waiting = 0;  // messages that their receivers have no place for
    double left = 0;          // when the others will be gone
    double placed = 0;        // when the last of them had a place
    int peer = 0;             // of which rank

    [[nodiscard]] double gone() const {
      if (waiting > 0) return kNever;
      return left;
    }
  };

  /// A frame on its way through the program.
  struct Frame {
    std::size_t number = 0;
    std::size_t step = 0;            // the next one
    std::vector<Inbox> inboxes{};    // by tensor
    std::vector<Outbox> outboxes{};  // by tensor
  };

  [[nodiscard]] Frame& frame_of(std::size_t number) {
    return frames_[number - frames_.front().number];
  }
  [[nodiscard]] double seconds_of(const Network& network, const Step& step) const;
  [[nodiscard]] double passing_seconds(const PlacedMessage& message) const;
  [[nodiscard]] double handling_seconds(WireFormat wire, const PlacedMessage& message) const;
  [[nodiscard]] double received(WireFormat wire, const PlacedMessage& message,
                                const Incoming& incoming, double idle_since) const;
  [[nodiscard]] const Step& step_of(const Frame& frame) const { return program_.steps[frame.step]; }
  [[nodiscard]] bool is_computation(const Frame& frame) const;
  [[nodiscard]] bool may_go_on(std::size_t index) const;
  [[nodiscard]] std::optional<std::size_t> awaited(const Frame& frame) const;

  void note(const Frame& frame, const Activity& activity);
  void note_wait(const Frame& frame, double end);
  void note_receiving(const Frame& frame, int position, double seconds);
  void wait_until(double time);
  bool take(Frame& frame, Peers& peers);
  bool receive(Frame& frame, const step::AwaitReceive& await);
  bool receive_all(Frame& frame, int tensor);
  void send(Frame& frame, int tensor, Peers& peers);

  const Program& program_;
  const Host& host_;
  int rank_;
  double time_ = 0;
  double waited_since_ = 0;  // when there was nothing left to do
  bool moved_ = true;        // whether there was something to do at last
  std::size_t begun_ = 0;
  std::deque<Frame> frames_;          // the oldest first
  std::vector<double> step_seconds_;  // of what computes
  std::vector<std::size_t> segment_of_step_;
  Timeline timeline_;  // of the first frame
};

}  // namespace vpinfer
