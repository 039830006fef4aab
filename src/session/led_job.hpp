#pragma once

#include "io/model_file.hpp"
#include "session/loading.hpp"
#include "session/ranks.hpp"

namespace vpinfer {

/// A job on rank 0, set up: all ranks know it and have their weights.  The referenced objects must
/// outlive it.
class LedJob {
 public:
  /// Sends the job to the other ranks, which are in `follow_job`, loads this rank's weights from
  /// the model at `path` and serves those who have no copy.
  LedJob(Channel& channel, Job job, const ModelFile& model, const std::filesystem::path& path,
         ThreadPool& pool, const LayerLoaded& loaded = {});
  LedJob(const LedJob&) = delete;
  LedJob& operator=(const LedJob&) = delete;
  ~LedJob() = default;

  [[nodiscard]] const Job& job() const { return job_; }
  [[nodiscard]] AllRanks& ranks() { return ranks_; }

 private:
  Job job_;
  Weights weights_;
  AllRanks ranks_;
};

}  // namespace vpinfer
