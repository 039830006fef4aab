#pragma once

#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vpinfer {

/// One `[type]` block of a Darknet .cfg file and its `key=value` lines; types and keys are in lower
/// case.
class CfgSection {
 public:
  CfgSection(std::string type, std::filesystem::path file, int line);

  [[nodiscard]] const std::string& type() const { return type_; }
  /// The block that describes the input, the first.
  [[nodiscard]] bool is_net() const { return type_ == "net" || type_ == "network"; }
  /// For example `yolov2.cfg:120 [route]`, the beginning of every message about this block.
  [[nodiscard]] std::string where() const;

  void add(std::string key, std::string value, int line);

  /// The value of a key; the first one counts if a key is repeated, as in Darknet.
  [[nodiscard]] std::optional<std::string> text(std::string_view key);
  /// The same in lower case.
  [[nodiscard]] std::optional<std::string> word(std::string_view key);
  /// One of these words, the first if the key is missing.  Throws BadInput for any other.
  [[nodiscard]] std::string one_of(std::string_view key,
                                   std::initializer_list<std::string_view> words);
  /// Whole numbers between 0 and 65536.  Throw BadInput for anything else.
  [[nodiscard]] int integer(std::string_view key);
  [[nodiscard]] int integer(std::string_view key, int fallback);
  [[nodiscard]] bool flag(std::string_view key) { return integer(key, 0) != 0; }
  [[nodiscard]] float number(std::string_view key, float fallback);
  /// Comma-separated numbers, at least one; empty if the key is missing.
  [[nodiscard]] std::vector<int> integers(std::string_view key);
  [[nodiscard]] std::vector<float> numbers(std::string_view key);

  /// The file that a key names: as it stands, beside the .cfg file, or, as Darknet's own files have
  /// it, from the folder above.  Throws BadInput if there is none.
  [[nodiscard]] std::optional<std::filesystem::path> file(std::string_view key);

  /// A line for each key that nobody asked for and that is not harmless, and for each that was
  /// given again: the first counts.
  [[nodiscard]] std::vector<std::string> unused(bool (*is_harmless)(std::string_view key)) const;

 private:
  struct Entry {
    std::string key;
    std::string value;
    int line = 0;
    bool used = false;
  };

  [[nodiscard]] Entry* find(std::string_view key);
  [[noreturn]] void refuse(const Entry& entry, const std::string& wanted) const;

  [[nodiscard]] std::string place(int line) const;

  std::string type_;
  std::filesystem::path file_;
  int line_;
  std::vector<Entry> entries_;
};

/// Splits a .cfg file into its blocks.  White space inside a line means nothing, and neither does
/// what follows #, or ; at the beginning of a line or behind a number or word.  A byte-order mark
/// and CRLF line ends are accepted.
[[nodiscard]] std::vector<CfgSection> read_cfg(const std::filesystem::path& path);

}  // namespace vpinfer
