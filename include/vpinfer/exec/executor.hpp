#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vpinfer/base/float_buffer.hpp"
#include "vpinfer/comm/communicator.hpp"
#include "vpinfer/exec/weights.hpp"
#include "vpinfer/kernel/tensor.hpp"
#include "vpinfer/plan/program.hpp"

namespace vpinfer {

/// Writes a frame, [rows][cols][channels] of the network's input, into the memory it is given.
using InputWriter = std::function<void(std::span<float> input)>;

/// Takes a complete output on rank 0; the view is valid during the call only.
using Receiver = std::function<void(int position, const ConstTensorView& output)>;

/// Where one rank's time and bytes went, summed over frames.
struct ExecutionCounters {
  double compute_seconds = 0;
  double wait_seconds = 0;
  std::size_t sent_bytes = 0;
  std::size_t received_bytes = 0;

  ExecutionCounters& operator+=(const ExecutionCounters& other);
};

/// Runs one rank's program, frame after frame.  All memory is allocated by the constructor.  The
/// referenced objects must outlive it.
class Executor {
 public:
  Executor(const Network& network, const Program& program, const Weights& weights,
           Communicator& communicator, std::chrono::duration<double> timeout);
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  ~Executor() = default;

  /// One frame.  `write_input` and `receiver`, which gets the delivered outputs, are called on rank
  /// 0 and may be empty elsewhere.  Throws Error with kRankFailed, naming peer, host and layer, if
  /// a message does not come or go within the timeout.
  void run(const InputWriter& write_input, const Receiver& receiver);

  [[nodiscard]] const ExecutionCounters& counters() const { return counters_; }
  void reset_counters() { counters_ = {}; }

 private:
  struct Exchange {
    std::unique_ptr<Transfers> receives;
    std::unique_ptr<Transfers> sends;
  };

  void execute(const Step& step, const InputWriter& write_input, const Receiver& receiver);
  void compute(int position, const Box& box);
  void keep(int position);
  void send(int position);
  void await_receives(int position);
  void await_sends(int position);
  void pack(const Tensor& tensor, const Message& message);
  void unpack(const Tensor& tensor, const Message& message);
  [[nodiscard]] std::size_t await_one(Transfers& transfers, const std::vector<Message>& messages,
                                      int position, const std::string& what);
  [[nodiscard]] std::span<float> buffer(const Message& message);
  [[nodiscard]] HalfBits* halves(const Message& message);  // in its buffer, two to a float
  [[nodiscard]] TensorView view(const Storage& storage) {
    return {arena_.all().data() + storage.offset, storage.box};
  }
  [[nodiscard]] Exchange& exchange(int position) {
    return exchanges_[static_cast<std::size_t>(position)];
  }

  const Network& network_;
  const Program& program_;
  const Weights& weights_;
  Communicator& communicator_;
  std::chrono::duration<double> timeout_;
  Progress progress_;
  FloatBuffer arena_;
  std::vector<std::vector<ConstTensorView>> inputs_;  // what a layer reads, by position
  std::vector<Exchange> exchanges_;                   // by position; destroyed before the arena
  ExecutionCounters counters_;
};

}  // namespace vpinfer
