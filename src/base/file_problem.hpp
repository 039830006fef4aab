#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace vpinfer {

enum class FileUse { kRead, kWrite };

/// What every message of a file that cannot be used looks like: `cannot read m.h5: No such file or
/// directory; is the name right?`.  `reason` is a value of errno; `advice` takes the place of what
/// is mostly to be done about that reason.
[[nodiscard]] std::string file_problem(FileUse use, const std::filesystem::path& path, int reason,
                                       std::string_view advice = {});

/// Throws BadInput with a `file_problem` if there is something of this name that is no regular
/// file.
void refuse_special_file(FileUse use, const std::filesystem::path& path);

/// A file or pipe, open for reading.  Throws BadInput with a `file_problem`.
[[nodiscard]] std::ifstream open_to_read(const std::filesystem::path& path);

}  // namespace vpinfer
