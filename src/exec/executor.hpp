#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <span>
#include <vector>

#include "base/clock.hpp"
#include "base/float_buffer.hpp"
#include "comm/communicator.hpp"
#include "exec/counters.hpp"
#include "exec/tensor_exchange.hpp"
#include "exec/weights.hpp"
#include "kernel/computation.hpp"
#include "program/program.hpp"
#include "vpinfer/error.hpp"
#include "vpinfer/frames.hpp"

namespace vpinfer {

/// Runs one rank's program for frame after frame, several at a time.  All memory is allocated by
/// the constructor.  The referenced objects must outlive it.
///
/// Frames go through the program in their order and never overtake each other, so messages need no
/// number.  As many frames as the program has lanes may be in a segment at the same time, each with
/// an arena of its own; a frame that finds no lane free waits between the segments.
class Executor {
 public:
  Executor(const Network& network, const Program& program, const Weights& weights, ThreadPool& pool,
           Communicator& communicator, std::chrono::duration<double> timeout);
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  ~Executor() = default;

  /// Begins one more frame.
  void begin(FrameTask task);
  /// How many frames have begun and not finished.
  [[nodiscard]] std::size_t frames_under_way() const { return frames_.size(); }
  /// Waits until something can be done for the frames under way, or until `other_work`, which is
  /// called time and again, returns true.  Throws Error with kRankFailed, naming peer, host and
  /// layer, if frames under way wait longer than the timeout.
  void work(const std::function<bool()>& other_work);
  /// Runs one frame from its beginning to its end, with no other under way.
  void run(FrameTask task);

  [[nodiscard]] const ExecutionCounters& counters() const { return counters_; }
  void reset_counters() { counters_ = {}; }

 private:
  /// The memory of a frame in a segment.
  struct Lane {
    std::span<std::byte> arena;
    std::vector<std::vector<ConstTensorView>> inputs;  // what a layer reads, by position
    std::vector<TensorExchange> exchanges;             // by tensor
  };

  struct Frame {
    std::size_t lane = 0;
    std::size_t step = 0;  // the next one
    FrameTask task;
    Clock::time_point begun;
  };

  [[nodiscard]] Lane make_lane(std::size_t index);
  bool advance();
  void move_messages();
  [[nodiscard]] Error stuck() const;
  [[nodiscard]] bool may_go_on(std::size_t index) const;
  [[nodiscard]] bool is_computation(const Frame& frame) const;
  [[nodiscard]] bool execute(Frame& frame);
  bool retire_finished();

  // The steps of a frame: false if it cannot be completed yet.
  bool take(Frame& frame, const step::Load& load);
  bool take(Frame& frame, const step::PostReceives& post);
  bool take(Frame& frame, const step::Compute& compute);
  bool take(Frame& frame, const step::AddUp& add_up);
  bool take(Frame& frame, const step::Keep& keep);
  bool take(Frame& frame, const step::Send& send);
  bool take(Frame& frame, const step::AwaitReceive& await);
  bool take(Frame& frame, const step::AwaitReceives& await);
  bool take(Frame& frame, const step::AwaitSends& await);
  bool take(Frame& frame, const step::Deliver& deliver);

  [[nodiscard]] TensorExchange& exchange_of(const Frame& frame, int tensor) {
    return lanes_[frame.lane].exchanges[static_cast<std::size_t>(tensor)];
  }

  const Network& network_;
  const Program& program_;
  const Weights& weights_;
  Communicator& communicator_;
  std::chrono::duration<double> timeout_;
  Workers workers_;
  FloatBuffer arenas_;  // of all lanes
  std::vector<Lane> lanes_;
  std::vector<std::size_t> segment_of_step_;
  std::deque<Frame> frames_;            // the oldest first
  std::size_t begun_ = 0;               // frames ever
  Clock::time_point messages_moved_{};  // amid a computation
  ExecutionCounters counters_;
};

}  // namespace vpinfer
