#include "import/class_tree.hpp"

#include <charconv>
#include <optional>
#include <string>

#include "base/file_problem.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// The number at the end of each line, after `words - 1` others.
std::vector<int> read_numbers(const std::filesystem::path& path, int words) {
  std::ifstream file = open_to_read(path);
  std::vector<int> numbers;
  std::string line;
  for (int at = 1; std::getline(file, line); ++at) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty()) continue;
    const std::size_t space = line.find_last_of(" \t");
    const bool has_name = space != std::string::npos;
    const char* begin = line.data() + (has_name ? space + 1 : 0);
    int number = 0;
    const auto [rest, error] = std::from_chars(begin, line.data() + line.size(), number);
    if (error != std::errc() || rest != line.data() + line.size() || has_name != (words == 2)) {
      throw BadInput(path.string() + ":" + std::to_string(at) + ": is not " +
                     (words == 2 ? "a class name and the number of its parent" : "a class number"));
    }
    numbers.push_back(number);
  }
  if (numbers.empty()) throw BadInput(path.string() + ": there is no class in this file");
  return numbers;
}

}  // namespace

std::vector<int> read_class_tree(const std::filesystem::path& path) {
  return read_numbers(path, 2);
}

std::vector<int> read_class_map(const std::filesystem::path& path) {
  return read_numbers(path, 1);
}

}  // namespace vpinfer
