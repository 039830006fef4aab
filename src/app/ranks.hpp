#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/job.hpp"
#include "app/results.hpp"
#include "exec/executor.hpp"
#include "exec/stream.hpp"
#include "report/run_report.hpp"

namespace vpinfer {

/// A rank with its program and weights, ready to run frames.
class ReadyRank {
 public:
  ReadyRank(MpiSession& session, const Agreement& agreement, const Delivery& delivery,
            const Weights& weights, ThreadPool& pool, std::chrono::duration<double> timeout,
            int lanes = 1);

  /// Runs one frame and returns the delivered outputs on rank 0.
  Outputs run(const InputWriter& write_input);
  /// Rank 0: runs a stream, up to `window` frames at once.  It is what the report tells about.
  void lead(FrameSupply& supply, std::size_t window);
  /// The other ranks' part of it.
  void follow();
  [[nodiscard]] RankReport report() const;
  [[nodiscard]] const RankMemory& memory() const { return program_.memory; }

 private:
  MpiSession& session_;
  const Agreement& agreement_;
  std::chrono::duration<double> timeout_;
  Program program_;
  const Weights& weights_;
  Executor executor_;
  double stream_seconds_ = 0;
};

/// All ranks of the job as rank 0 commands them.  Each call sends an order that the other ranks
/// carry out in `follow`.
class AllRanks {
 public:
  AllRanks(MpiSession& session, ReadyRank& own) : session_(session), own_(own) {}

  /// Runs a frame that nobody looks at.
  void warm_up();
  void stream(FrameSupply& supply, std::size_t window);
  /// Tells the waiting ranks that rank 0 is alive and busy alone; keeps their deadlines away.
  void stay();
  /// Every rank's report, by rank.
  std::vector<RankReport> reports();
  /// Runs one frame with every layer's output brought to rank 0.
  Outputs run_delivering_everything(const Agreement& agreement, const Weights& weights,
                                    ThreadPool& pool, std::chrono::duration<double> timeout,
                                    const InputWriter& write_input);
  /// Ends the job: all ranks leave with this code.
  void dismiss(ExitCode code);

 private:
  MpiSession& session_;
  ReadyRank& own_;
};

/// The other ranks: carries out orders until dismissed; returns the job's exit code.
ExitCode follow(MpiSession& session, const Agreement& agreement, const Weights& weights,
                ThreadPool& pool, std::chrono::duration<double> timeout, ReadyRank& own);

}  // namespace vpinfer
