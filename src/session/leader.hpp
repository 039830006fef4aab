#pragma once

#include <memory>

#include "comm/channel.hpp"
#include "kernel/thread_pool.hpp"
#include "session/ranks.hpp"
#include "vpinfer/session.hpp"

namespace vpinfer {

/// A job on rank 0, set up: all ranks know it and have their weights.
class Leader::Inside {
 public:
  /// Sends the job to the other ranks, which are in `follow`, loads this rank's weights and serves
  /// those who have no copy of the model.
  Inside(std::shared_ptr<Communicator> communicator, Model model, const Plan& plan,
         const JobOptions& options);

  [[nodiscard]] Communicator& communicator() { return *communicator_; }
  [[nodiscard]] const Model& model() const { return model_; }
  [[nodiscard]] const Job& job() const { return job_; }
  [[nodiscard]] ThreadPool& pool() { return pool_; }
  /// Throws BadUsage once they are dismissed.
  [[nodiscard]] AllRanks& ranks();
  /// Unless that is done.
  void dismiss(ExitCode code);

 private:
  std::shared_ptr<Communicator> communicator_;
  Channel channel_;
  Model model_;
  ThreadPool pool_;
  Job job_;
  Weights weights_;
  AllRanks ranks_;
  bool is_over_ = false;
};

}  // namespace vpinfer
