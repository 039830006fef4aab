#pragma once

#include <optional>
#include <string>
#include <vector>

#include "job.hpp"
#include "results.hpp"
#include "vpinfer/exec/executor.hpp"
#include "vpinfer/report/run_report.hpp"

namespace vpinfer {

/// A rank with its program and weights, ready to run frames.
class ReadyRank {
 public:
  ReadyRank(MpiSession& session, const Agreement& agreement, const Delivery& delivery,
            const Weights& weights, std::chrono::duration<double> timeout);

  /// Runs one frame and returns the delivered outputs on rank 0.
  Outputs run(const InputWriter& write_input);
  /// The same, counted in the report.
  Outputs run_timed(const InputWriter& write_input);
  [[nodiscard]] RankReport report() const;
  [[nodiscard]] const std::vector<double>& frame_seconds() const { return frame_seconds_; }
  [[nodiscard]] const RankMemory& memory() const { return program_.memory; }

 private:
  MpiSession& session_;
  const Agreement& agreement_;
  Program program_;
  Executor executor_;
  ExecutionCounters counters_;  // of the timed frames
  std::vector<double> frame_seconds_;
};

/// All ranks of the job as rank 0 commands them.  Each call sends an order that the other ranks
/// carry out in `follow`.
class AllRanks {
 public:
  AllRanks(MpiSession& session, ReadyRank& own) : session_(session), own_(own) {}

  Outputs warm_up(const InputWriter& write_input);
  Outputs run_timed(const InputWriter& write_input);
  /// Tells the waiting ranks that rank 0 is alive and busy alone; keeps their deadlines away.
  void stay();
  /// Every rank's report, by rank.
  std::vector<RankReport> reports();
  /// Runs one frame with every layer's output brought to rank 0.
  Outputs run_delivering_everything(const Agreement& agreement, const Weights& weights,
                                    std::chrono::duration<double> timeout,
                                    const InputWriter& write_input);
  /// Ends the job: all ranks leave with this code.
  void dismiss(ExitCode code);

 private:
  MpiSession& session_;
  ReadyRank& own_;
};

/// The other ranks: carries out orders until dismissed; returns the job's exit code.
ExitCode follow(MpiSession& session, const Agreement& agreement, const Weights& weights,
                std::chrono::duration<double> timeout, ReadyRank& own);

}  // namespace vpinfer
