#include "comm/eager_limit.hpp"

#include <mpi.h>

#include "comm/mpi_call.hpp"

namespace vpinfer {
namespace {

/// The value of a variable of MPI's tool interface; 0 if it has none of that name.
std::size_t size_variable(const char* name) {
  int index = 0;
  if (MPI_T_cvar_get_index(name, &index) != MPI_SUCCESS) return 0;
  MPI_T_cvar_handle handle{};
  int count = 0;
  if (MPI_T_cvar_handle_alloc(index, nullptr, &handle, &count) != MPI_SUCCESS) return 0;
  std::size_t value = 0;
  if (count != 1 || MPI_T_cvar_read(handle, &value) != MPI_SUCCESS) value = 0;
  MPI_T_cvar_handle_free(&handle);
  return value;
}

}  // namespace

std::size_t tcp_eager_limit() {
  int provided = 0;
  check_mpi(MPI_T_init_thread(MPI_THREAD_SINGLE, &provided), "MPI_T_init_thread");
  const std::size_t limit = size_variable("btl_tcp_eager_limit");
  check_mpi(MPI_T_finalize(), "MPI_T_finalize");
  return limit;
}

}  // namespace vpinfer
