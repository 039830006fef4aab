#pragma once

#include <cstddef>
#include <string>

namespace vpinfer {

/// The largest resident set that this process ever had (VmHWM of /proc/self/status); 0 if unknown.
[[nodiscard]] std::size_t peak_rss_bytes();
/// What new memory this process may take: what the system has available, or what is left of the
/// limits of its control groups if that is less; 0 if unknown.
[[nodiscard]] std::size_t free_memory_bytes();
/// Seconds that processors have worked for this process so far, the system's on its behalf
/// included.
[[nodiscard]] double processor_seconds();
/// Has every large block of memory that is freed go back to the system at once.  Left to itself,
/// the allocator learns to keep them, tens of MiB of the pieces in which weights are loaded.
void give_back_freed_memory();
/// The cores that this process may run on, for example `0-3,8`.
[[nodiscard]] std::string allowed_cores();
/// How many they are; at least 1.
[[nodiscard]] int allowed_core_count();

}  // namespace vpinfer
