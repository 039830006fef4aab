#include "import/cfg_file.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <set>

#include "base/file_problem.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

constexpr int kLargest = 65536;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// A line as the parsers of Darknet and its forks see it: without white space and comments.
std::string bare(std::string line) {
  line.resize(std::min(line.find('#'), line.size()));
  std::erase_if(line, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  return line;
}

/// What counts of all but the names of files and tensors, which may have a semicolon in them.
std::string_view before_semicolon(std::string_view value) {
  return value.substr(0, value.find(';'));
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// The beginning of a line, fit for a message: a file of another kind may hold anything.
std::string excerpt(const std::string& line) {
  std::string text = line.substr(0, 40);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return "'" + text + "'";
}

std::vector<std::string_view> split(std::string_view list) {
  std::vector<std::string_view> items;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (comma > 0) items.push_back(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return items;
}

template <typename Number>
std::optional<Number> parse(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  Number value{};
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

CfgSection::CfgSection(std::string type, std::filesystem::path file, int line)
    : type_(std::move(type)), file_(std::move(file)), line_(line) {}

std::string CfgSection::where() const {
  return place(line_);
}

std::string CfgSection::place(int line) const {
  return file_.filename().string() + ":" + std::to_string(line) + " [" + type_ + "]";
}

void CfgSection::add(std::string key, std::string value, int line) {
  entries_.push_back({std::move(key), std::move(value), line});
}

CfgSection::Entry* CfgSection::find(std::string_view key) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.key == key; });
  if (found == entries_.end()) return nullptr;
  found->used = true;
  return &*found;
}

void CfgSection::refuse(const Entry& entry, const std::string& wanted) const {
  throw BadInput(place(entry.line) + ": " + entry.key + "=" + entry.value + " is not " + wanted);
}

std::optional<std::string> CfgSection::text(std::string_view key) {
  const Entry* entry = find(key);
  return entry == nullptr ? std::nullopt : std::optional(entry->value);
}

std::optional<std::string> CfgSection::word(std::string_view key) {
  const Entry* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  return lower(std::string(before_semicolon(entry->value)));
}

std::string CfgSection::one_of(std::string_view key,
                               std::initializer_list<std::string_view> words) {
  std::string given = word(key).value_or(std::string(*words.begin()));
  std::string known;
  for (const std::string_view word : words) {
    if (word == given) return given;
    known += (known.empty() ? "one of " : ", ") + std::string(word);
  }
  refuse(*find(key), known);
}

int CfgSection::integer(std::string_view key) {
  const Entry* entry = find(key);
  if (entry == nullptr) throw BadInput(where() + ": the key '" + std::string(key) + "' is missing");
  const auto value = parse<int>(before_semicolon(entry->value));
  if (!value || *value < 0 || *value > kLargest) {
    refuse(*entry, "a whole number from 0 to " + std::to_string(kLargest));
  }
  return *value;
}

int CfgSection::integer(std::string_view key, int fallback) {
  return find(key) == nullptr ? fallback : integer(key);
}

float CfgSection::number(std::string_view key, float fallback) {
  const std::vector<float> values = numbers(key);
  if (values.size() > 1) refuse(*find(key), "one number");
  return values.empty() ? fallback : values.front();
}

std::vector<int> CfgSection::integers(std::string_view key) {
  std::vector<int> values;
  const Entry* entry = find(key);
  if (entry == nullptr) return values;
  for (const std::string_view item : split(before_semicolon(entry->value))) {
    const auto value = parse<int>(item);
    if (!value || *value < -kLargest || *value > kLargest)
      refuse(*entry, "a list of whole numbers");
    values.push_back(*value);
  }
  if (values.empty()) refuse(*entry, "a list of whole numbers");
  return values;
}

std::vector<float> CfgSection::numbers(std::string_view key) {
  std::vector<float> values;
  const Entry* entry = find(key);
  if (entry == nullptr) return values;
  for (const std::string_view item : split(before_semicolon(entry->value))) {
    const auto value = parse<float>(item);
    if (!value || !std::isfinite(*value)) refuse(*entry, "a list of numbers");
    values.push_back(*value);
  }
  if (values.empty()) refuse(*entry, "a list of numbers");
  return values;
}

std::optional<std::filesystem::path> CfgSection::file(std::string_view key) {
  const Entry* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  const std::filesystem::path named = entry->value;
  const std::filesystem::path folder = file_.parent_path();
  for (const std::filesystem::path& path : {named, folder / named, folder / ".." / named}) {
    std::error_code unreadable;
    if (std::filesystem::is_regular_file(path, unreadable)) return path;
  }
  refuse(*entry, "a file that can be found");
}

std::vector<std::string> CfgSection::unused(bool (*is_harmless)(std::string_view key)) const {
  std::set<std::string_view> used;
  for (const Entry& entry : entries_) {
    if (entry.used) used.insert(entry.key);
  }
  std::vector<std::string> lines;
  for (const Entry& entry : entries_) {
    if (entry.used || is_harmless(entry.key)) continue;
    lines.push_back(place(entry.line) + ": the key '" + entry.key + "' " +
                    (used.contains(entry.key) ? "was given before, which counts; this one was"
                                              : "is not known and was") +
                    " ignored");
  }
  return lines;
}

std::vector<CfgSection> read_cfg(const std::filesystem::path& path) {
  std::ifstream file = open_to_read(path);
  std::vector<CfgSection> sections;
  const std::string name = path.filename().string();
  std::string raw;
  for (int number = 1; std::getline(file, raw); ++number) {
    if (number == 1 && raw.starts_with(kByteOrderMark)) raw.erase(0, kByteOrderMark.size());
    std::string line = bare(raw);
    if (line.starts_with('[')) line = before_semicolon(line);
    if (line.empty() || line.front() == ';') continue;
    const std::string where = name + ":" + std::to_string(number);
    if (line.front() == '[') {
      if (line.back() != ']')
        throw BadInput(where + ": " + excerpt(line) + " has no closing bracket");
      sections.emplace_back(lower(line.substr(1, line.size() - 2)), path, number);
      continue;
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos || sections.empty()) {
      throw BadInput(where + ": " + excerpt(raw) +
                     " is neither [layer] nor key=value; is this a Darknet .cfg file?");
    }
    sections.back().add(lower(line.substr(0, equals)), line.substr(equals + 1), number);
  }
  if (sections.empty()) throw BadInput(name + ": there is no layer in this file");
  return sections;
}

}  // namespace vpinfer
