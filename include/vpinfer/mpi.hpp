#pragma once

#include <mpi.h>

#include <chrono>
#include <memory>

namespace vpinfer {

/// The ranks that take part in a job, and how messages travel between them.
class Communicator;

/// The ranks of a communicator that the program keeps, along with MPI, until the last user of the
/// result is gone.  Messages travel in a duplicate of it and mix with no others.  Collective.
/// Throws Error with kRankFailed if a call fails, or if a rank does not come within twice the
/// timeout.
[[nodiscard]] std::shared_ptr<Communicator> communicator_over(
    MPI_Comm communicator, std::chrono::duration<double> timeout = std::chrono::seconds(60));

}  // namespace vpinfer
