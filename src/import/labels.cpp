#include "import/labels.hpp"

#include <nlohmann/json.hpp>

#include "base/file_problem.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

bool is_utf8(const std::string& text) {
  try {
    (void)nlohmann::json(text).dump();
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

}  // namespace

std::vector<std::string> read_labels(const std::filesystem::path& path) {
  std::ifstream file = open_to_read(path);
  std::vector<std::string> labels;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!is_utf8(line)) {
      throw BadInput(path.string() + ": the label in line " + std::to_string(number) +
                     " is not UTF-8; convert the file, for example with iconv");
    }
    if (!line.empty()) labels.push_back(line);
  }
  if (labels.empty()) throw BadInput(path.string() + ": there is no label in this file");
  return labels;
}

}  // namespace vpinfer
