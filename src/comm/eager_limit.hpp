#pragma once

#include <cstddef>

namespace vpinfer {

/// The most bytes, with MPI's own header, that Open MPI sends over TCP without the receiver's word
/// that it has a place for them: its setting btl_tcp_eager_limit.  0 if this process does not use
/// TCP, or another MPI.  To be asked after MPI_Init.
[[nodiscard]] std::size_t tcp_eager_limit();

}  // namespace vpinfer
