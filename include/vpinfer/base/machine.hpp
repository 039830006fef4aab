#pragma once

#include <cstddef>
#include <string>

namespace vpinfer {

/// The largest resident set that this process ever had (VmHWM of /proc/self/status); 0 if unknown.
[[nodiscard]] std::size_t peak_rss_bytes();
/// The cores that this process may run on, for example `0-3,8`.
[[nodiscard]] std::string allowed_cores();
/// How many they are; at least 1.
[[nodiscard]] int allowed_core_count();

}  // namespace vpinfer
