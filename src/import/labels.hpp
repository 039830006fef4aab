#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace vpinfer {

/// Reads a .labels or .names file: one class name per line, UTF-8.  Throws BadInput, naming the
/// line.
[[nodiscard]] std::vector<std::string> read_labels(const std::filesystem::path& path);

}  // namespace vpinfer
