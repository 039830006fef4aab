#pragma once

#include "exec/executor.hpp"
#include "kernel/thread_pool.hpp"
#include "report/run_report.hpp"
#include "session/job.hpp"
#include "session/order.hpp"
#include "session/stream.hpp"

namespace vpinfer {

/// A rank with its program and weights, ready to run frames.  The referenced objects must outlive
/// it.
class ReadyRank {
 public:
  ReadyRank(Communicator& communicator, const Job& job, const Weights& weights, ThreadPool& pool);

  /// Runs one frame, together with the other ranks, and returns what is delivered; nothing but on
  /// rank 0, which alone writes the input.
  Delivered run(const InputWriter& write_input);
  /// Rank 0: runs a stream, as many frames at once as the job has in flight.
  void lead(OrderSender& orders, FrameSupply& supply);
  /// The other ranks' part of it.
  void follow(OrderReceiver& orders);
  /// What there is to tell about the last stream.
  [[nodiscard]] RankReport report() const;
  [[nodiscard]] const RankMemory& memory() const { return program_.memory; }

 private:
  /// What the executor had counted when a stream ended; frames that run on their own come on top.
  struct FinishedStream {
    ExecutionCounters counters;
    double seconds = 0;
  };

  Communicator& communicator_;
  const Job& job_;
  const Weights& weights_;
  Program program_;
  Executor executor_;
  FinishedStream last_stream_;
};

}  // namespace vpinfer
