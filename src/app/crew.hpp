#pragma once

#include <string>
#include <vector>

#include "app/options.hpp"
#include "comm/communicator.hpp"

namespace vpinfer {

/// The ranks as they are before there is a job.  Complete on rank 0.
struct Crew {
  int ranks = 1;
  int threads = 1;                   ///< of this rank
  int most_threads = 1;              ///< of any rank
  std::vector<std::string> remarks;  ///< on slow BLAS libraries, by rank; mostly empty
};

/// Every rank introduces itself.  Collective.
[[nodiscard]] Crew meet(Communicator& communicator, const RunOptions& options);

/// Prints the remarks, each with its host.
void warn_of_slow_blas(const Communicator& communicator, const Crew& crew);

}  // namespace vpinfer
