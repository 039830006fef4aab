#pragma once

#include <filesystem>
#include <vector>

namespace vpinfer {

/// Reads Darknet's .tree file: a line `name parent` per class, the parent by its number or -1.
/// Throws BadInput, naming the line.
[[nodiscard]] std::vector<int> read_class_tree(const std::filesystem::path& path);

/// Reads Darknet's .map file: a class number per line.  Throws BadInput, naming the line.
[[nodiscard]] std::vector<int> read_class_map(const std::filesystem::path& path);

}  // namespace vpinfer
