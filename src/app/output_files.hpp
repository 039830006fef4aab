#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace vpinfer {

/// Refuses, before any work is done, an output file that could not be written or that would replace
/// what it is made of.  `option` begins the message; an empty path is no output.
/// Throws BadUsage or BadInput.
void check_output_file(const std::string& option, const std::filesystem::path& output,
                       const std::vector<std::filesystem::path>& sources);

}  // namespace vpinfer
