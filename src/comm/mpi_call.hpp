#pragma once

#include <mpi.h>

#include <cstddef>
#include <string>

namespace vpinfer {

/// Throws Error with kRankFailed and the call's name unless MPI reports success.
void check_mpi(int result, const std::string& call);

/// A count as MPI takes it; throws Bug if it is too large.
[[nodiscard]] int mpi_count(std::size_t count);

}  // namespace vpinfer
