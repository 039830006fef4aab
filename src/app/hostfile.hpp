#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace vpinfer {

/// The names of the hosts in a hostfile of Open MPI, in its order.  Throws BadInput, naming file
/// and line, also of a host that it gives more than one rank.
[[nodiscard]] std::vector<std::string> read_hostfile(const std::filesystem::path& path);

}  // namespace vpinfer
