#pragma once

#include <filesystem>
#include <vector>

#include "session/ready_rank.hpp"

namespace vpinfer {

/// All ranks of the job as rank 0 commands them: each call sends an order, which the other ranks
/// carry out in `follow_orders`, and does rank 0's part.  The referenced objects must outlive it.
class AllRanks {
 public:
  AllRanks(Channel& channel, const Job& job, const Weights& weights, ThreadPool& pool);

  /// Runs a frame that nobody looks at.
  void warm_up();
  /// Runs all frames of a supply.
  void stream(FrameSupply& supply);
  /// Tells the waiting ranks that rank 0 is alive and busy alone; keeps their deadlines away.
  void stay();
  /// Every rank's report on the stream, by rank.
  std::vector<RankReport> reports();
  /// Runs one frame with every layer's output brought to rank 0.
  Delivered run_delivering_everything(const InputWriter& write_input);
  /// Ends the job: all ranks leave with this code.
  void dismiss(ExitCode code);

 private:
  void order(const Order& order);

  Channel& channel_;
  const Job& job_;
  const Weights& weights_;
  ThreadPool& pool_;
  ReadyRank own_;
  OrderSender orders_;
};

/// The other ranks: carries out orders until dismissed; returns the job's exit code.  Throws Error
/// with kRankFailed, naming the rank that is silent for too long.
[[nodiscard]] ExitCode follow_orders(Channel& channel, const Job& job, const Weights& weights,
                                     ThreadPool& pool);

/// All that the other ranks do, from the job's description to the dismissal.  Where this host has a
/// copy of the model, it is at `model`.
[[nodiscard]] ExitCode follow_job(Channel& channel, const std::filesystem::path& model,
                                  ThreadPool& pool);

}  // namespace vpinfer
