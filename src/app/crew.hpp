#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/options.hpp"
#include "comm/channel.hpp"
#include "vpinfer/cluster.hpp"

namespace vpinfer {

/// The ranks as they are before there is a job.  Complete on rank 0.
struct Crew {
  int ranks = 1;
  int threads = 1;                   ///< of this rank
  int most_threads = 1;              ///< of any rank
  std::vector<std::string> remarks;  ///< on slow BLAS libraries, by rank; mostly empty
};

/// The hosts of a job, if the options name them, or if `auto` has to know them: then all ranks
/// measure for two seconds.  Collective; of account on rank 0.  Throws as `read_cluster` does.
[[nodiscard]] std::optional<Cluster> find_cluster(Channel& channel, const RunOptions& options,
                                                  const Crew& crew);

/// Every rank introduces itself.  `threads` of each are wanted; nothing: its share of the cores.
/// Collective.
[[nodiscard]] Crew meet(Channel& channel, std::optional<int> threads);

/// Prints the remarks, each with its host.
void warn_of_slow_blas(const Communicator& communicator, const Crew& crew);

}  // namespace vpinfer
