#pragma once

#include "app/ranks.hpp"

namespace vpinfer {

/// Runs the whole model on rank 0 alone, while the other ranks wait, and compares.
class SingleRank {
 public:
  /// Loads the whole model; the referenced objects must outlive this one.
  SingleRank(MpiSession& session, AllRanks& all, const Agreement& agreement, const ModelFile& model,
             ThreadPool& pool, const RunOptions& options);

  /// Runs a frame, timed and repeated like the other run, and adds up how `outputs` differ; tells
  /// whether they agree.
  bool compare(const InputWriter& write_input, const Outputs& outputs);
  /// Finds the first layer in which a run that delivered everything differs.
  void find_first_difference(const InputWriter& write_input, const Outputs& everything);
  /// The verdict, given the median latency of all ranks together.
  [[nodiscard]] Comparison verdict(double all_ranks_seconds) const;

 private:
  MpiSession& session_;
  AllRanks& all_;
  Agreement agreement_;  // the same network on a plan of one rank
  ThreadPool& pool_;
  const RunOptions& options_;
  Weights weights_;
  ReadyRank rank_;
  std::vector<double> frame_seconds_;
  Comparison comparison_;
};

}  // namespace vpinfer
