#include "app/output_files.hpp"

#include <cerrno>

#include "base/file_problem.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {

void check_output_file(const std::string& option, const std::filesystem::path& output,
                       const std::vector<std::filesystem::path>& sources) {
  if (output.empty()) return;
  std::error_code missing;
  for (const std::filesystem::path& source : sources) {
    if (source.empty()) continue;
    if (output.lexically_normal() == source.lexically_normal() ||
        std::filesystem::equivalent(output, source, missing)) {
      throw BadUsage(option + " must not be " + source.string() + ", it would be replaced");
    }
  }
  if (std::filesystem::is_directory(output, missing)) {
    throw BadInput(file_problem(FileUse::kWrite, output, EISDIR));
  }
  const std::filesystem::path folder = output.parent_path();
  if (!folder.empty() && !std::filesystem::is_directory(folder, missing)) {
    throw BadInput(file_problem(FileUse::kWrite, output, ENOENT));
  }
}

}  // namespace vpinfer
