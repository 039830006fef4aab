#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/clock.hpp"
#include "base/float_buffer.hpp"
#include "comm/communicator.hpp"
#include "exec/weights.hpp"
#include "kernel/computation.hpp"
#include "plan/program.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {

/// Writes a frame, [rows][cols][channels] of the network's input, into the memory it is given.
using InputWriter = std::function<void(std::span<float> input)>;

/// Takes a complete output on rank 0; the view is valid during the call only.
using Receiver = std::function<void(int position, const ConstTensorView& output)>;

/// What one frame brings and leaves.  All three are called on rank 0 and may be empty elsewhere.
struct FrameTask {
  InputWriter write_input{};
  Receiver receiver{};           ///< of every delivered output
  std::function<void()> done{};  ///< when nothing is left to do for the frame
};

/// Where one rank's time and bytes went, summed over frames.
struct ExecutionCounters {
  double compute_seconds = 0;
  double pack_seconds = 0;     ///< copying between outputs and messages
  double message_seconds = 0;  ///< in calls that start, test and move messages
  double wait_seconds = 0;     ///< with nothing to do
  std::size_t sent_bytes = 0;
  std::size_t received_bytes = 0;
  std::vector<double> frame_seconds;  ///< of every finished frame, from its beginning

  [[nodiscard]] double busy_seconds() const {
    return compute_seconds + pack_seconds + message_seconds;
  }
};

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
  struct Exchange {
    std::unique_ptr<Transfers> receives;
    std::unique_ptr<Transfers> sends;
    std::vector<bool> arrived;  // which receives
  };

  /// The memory of a frame in a segment.
  struct Lane {
    std::span<float> arena;
    std::vector<std::vector<ConstTensorView>> inputs;  // what a layer reads, by position
    std::vector<Exchange> exchanges;                   // by tensor
    std::vector<std::vector<PartialSums>> parts;       // to add up, by tensor
  };

  struct Frame {
    std::size_t lane = 0;
    std::size_t step = 0;  // the next one
    FrameTask task;
    Clock::time_point begun;
  };

  [[nodiscard]] Lane make_lane(std::size_t index);
  bool advance();
  [[nodiscard]] Error stuck() const;
  [[nodiscard]] bool may_go_on(std::size_t index) const;
  [[nodiscard]] bool is_computation(const Frame& frame) const;
  [[nodiscard]] bool execute(Frame& frame);
  bool retire_finished();
  void compute(Lane& lane, const Step& step);
  void add_up(Lane& lane, const Step& step);
  void keep(Lane& lane, const Tensor& tensor);
  void send(Lane& lane, int index);
  void post_receives(Exchange& exchange);
  void receive(Lane& lane, int index);
  [[nodiscard]] static Exchange& exchange_of(Lane& lane, int tensor) {
    return lane.exchanges[static_cast<std::size_t>(tensor)];
  }
  [[nodiscard]] bool finish_sends(Lane& lane, int tensor);
  [[nodiscard]] std::optional<std::size_t> test(Transfers& transfers);
  void pack(Lane& lane, const Tensor& tensor, const Message& message);
  void unpack(Lane& lane, const Tensor& tensor, const Message& message);

  const Network& network_;
  const Program& program_;
  const Weights& weights_;
  Communicator& communicator_;
  std::chrono::duration<double> timeout_;
  Workers workers_;
  FloatBuffer arenas_;  // of all lanes
  std::vector<Lane> lanes_;
  std::vector<std::size_t> segment_of_step_;
  std::deque<Frame> frames_;  // the oldest first
  std::size_t begun_ = 0;     // frames ever
  ExecutionCounters counters_;
};

}  // namespace vpinfer
