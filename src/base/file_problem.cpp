#include "base/file_problem.hpp"

#include <cerrno>
#include <system_error>

#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

namespace fs = std::filesystem;

std::string beginning(FileUse use, const fs::path& path) {
  return (use == FileUse::kRead ? "cannot read " : "cannot write ") + path.string() + ": ";
}

/// What is to be done; empty where the reason says it.
std::string usual_advice(FileUse use, const fs::path& path, int reason) {
  if (reason == EISDIR) return "name a file in it";
  if (reason == EACCES) return "its owner must allow that";
  if (reason != ENOENT && reason != ENOTDIR) return {};
  if (use == FileUse::kRead || reason == ENOTDIR) return "is the name right?";
  const fs::path folder = path.parent_path();
  return folder.empty() ? std::string() : "make the folder " + folder.string() + " first";
}

}  // namespace

std::string file_problem(FileUse use, const fs::path& path, int reason, std::string_view advice) {
  const std::string to_do = advice.empty() ? usual_advice(use, path, reason) : std::string(advice);
  return beginning(use, path) + std::generic_category().message(reason) +
         (to_do.empty() ? "" : "; ") + to_do;
}

void refuse_special_file(FileUse use, const fs::path& path) {
  std::error_code unknown;  // said when the file is opened
  const fs::file_status status = fs::status(path, unknown);
  if (!fs::exists(status) || fs::is_regular_file(status)) return;
  if (fs::is_directory(status)) throw BadInput(file_problem(use, path, EISDIR));
  throw BadInput(beginning(use, path) + "it is no regular file");
}

std::ifstream open_to_read(const fs::path& path) {
  std::error_code unknown;
  if (fs::is_directory(path, unknown)) throw BadInput(file_problem(FileUse::kRead, path, EISDIR));
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw BadInput(file_problem(FileUse::kRead, path, errno));
  return file;
}

}  // namespace vpinfer
