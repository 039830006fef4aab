#pragma once

#include <string>
#include <utility>
#include <vector>

namespace vpinfer {

enum class Align { kLeft, kRight };

/// A plain-text table: a header, a rule, and rows, columns two spaces apart.
class Table {
 public:
  struct Column {
    std::string title;
    Align align = Align::kRight;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// One cell per column.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// Lines that end in a line feed.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace vpinfer
