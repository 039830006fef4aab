#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace vpinfer {

/// What a program prints, at most some KiB of it: a path, or a name on PATH, and its arguments,
/// which no shell sees.  Nothing if there is no such program, if it fails, or if it has not ended
/// within `patience`, in which case it is killed with all that it started.
[[nodiscard]] std::optional<std::string> program_output(std::vector<std::string> command,
                                                        std::chrono::duration<double> patience);

}  // namespace vpinfer
