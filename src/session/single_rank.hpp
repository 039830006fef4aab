#pragma once

#include <vector>

#include "io/model_file.hpp"
#include "session/ranks.hpp"

namespace vpinfer {

/// Runs the whole model on rank 0 alone, while the other ranks wait, and compares.
class SingleRank {
 public:
  /// Loads the whole model; runs each frame `repeat` times.  The referenced objects must outlive
  /// this one.
  SingleRank(Communicator& communicator, AllRanks& all, const Job& together, const ModelFile& model,
             ThreadPool& pool, int repeat);

  /// Runs a frame, timed and repeated like the other run, and adds up how `outputs` differ; tells
  /// whether they agree.
  bool compare(const InputWriter& write_input, const Delivered& outputs);
  /// Finds the first layer in which a run that delivered everything differs.
  void find_first_difference(const InputWriter& write_input, const Delivered& everything);
  /// The verdict, given the median latency of all ranks together.
  [[nodiscard]] Comparison verdict(double all_ranks_seconds) const;

 private:
  Communicator& communicator_;
  AllRanks& all_;
  Job job_;  // the same network on a plan of one rank
  ThreadPool& pool_;
  int repeat_;
  Weights weights_;
  ReadyRank rank_;
  std::vector<double> frame_seconds_;
  Comparison comparison_;
};

}  // namespace vpinfer
