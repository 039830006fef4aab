#include "comm/mpi_call.hpp"

#include <array>
#include <limits>

#include "vpinfer/error.hpp"

namespace vpinfer {

void check_mpi(int result, const std::string& call) {
  if (result == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(result, text.data(), &length);
  throw Error(ExitCode::kRankFailed,
              call + " failed: " + std::string(text.data(), static_cast<std::size_t>(length)));
}

int mpi_count(std::size_t count) {
  if (count > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw Bug("a message or list of " + std::to_string(count));
  }
  return static_cast<int>(count);
}

}  // namespace vpinfer
