#include "import/onnx_metadata.hpp"

#include <cctype>
#include <charconv>
#include <string_view>

namespace vpinfer {
namespace {

/// Reads literals of Python: numbers, strings, and what stands between them.
class PythonLiteral {
 public:
  explicit PythonLiteral(std::string_view text) : rest_(text) {}

  /// Whether this comes next; if so it is passed over.
  bool skip(char mark) {
    skip_blanks();
    if (rest_.empty() || rest_.front() != mark) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::optional<int> integer() {
    skip_blanks();
    int value = 0;
    const auto [end, problem] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (problem != std::errc()) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }

  std::optional<std::string> text() {
    skip_blanks();
    if (rest_.empty() || (rest_.front() != '\'' && rest_.front() != '"')) return std::nullopt;
    const char quote = rest_.front();
    std::string value;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == quote) {
        rest_.remove_prefix(i + 1);
        return value;
      }
      if (rest_[i] == '\\' && i + 1 < rest_.size()) ++i;
      value += rest_[i];
    }
    return std::nullopt;
  }

  bool at_end() {
    skip_blanks();
    return rest_.empty();
  }

 private:
  void skip_blanks() {
    while (!rest_.empty() && std::isspace(static_cast<unsigned char>(rest_.front())) != 0) {
      rest_.remove_prefix(1);
    }
  }

  std::string_view rest_;
};

}  // namespace

std::vector<std::string> labels_of(const std::map<std::string, std::string>& metadata) {
  const auto names = metadata.find("names");
  if (names == metadata.end()) return {};
  PythonLiteral literal(names->second);
  const bool is_map = literal.skip('{');
  if (!is_map && !literal.skip('[')) return {};
  std::vector<std::string> labels;
  const char end = is_map ? '}' : ']';
  while (!literal.skip(end)) {
    if (is_map && (literal.integer() != static_cast<int>(labels.size()) || !literal.skip(':'))) {
      return {};
    }
    const std::optional<std::string> label = literal.text();
    if (!label) return {};
    labels.push_back(*label);
    if (literal.skip(',')) continue;
    if (!literal.skip(end)) return {};
    break;
  }
  return literal.at_end() ? labels : std::vector<std::string>{};
}

std::optional<InputSize> input_size_of(const std::map<std::string, std::string>& metadata) {
  const auto size = metadata.find("imgsz");
  if (size == metadata.end()) return std::nullopt;
  PythonLiteral literal(size->second);
  const bool is_list = literal.skip('[') || literal.skip('(');
  const std::optional<int> rows = literal.integer();
  if (!rows || *rows < 1) return std::nullopt;
  if (!is_list) return InputSize{*rows, *rows};
  const std::optional<int> cols = literal.skip(',') ? literal.integer() : std::nullopt;
  if (!cols || *cols < 1) return std::nullopt;
  return InputSize{*rows, *cols};
}

}  // namespace vpinfer
