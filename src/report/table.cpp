#include "report/table.hpp"

#include <algorithm>

namespace vpinfer {

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) widths.push_back(column.title.size());
  for (const std::vector<std::string>& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string padding(widths[i] - cells[i].size(), ' ');
      text += i == 0 ? "" : "  ";
      text += columns_[i].align == Align::kLeft ? cells[i] + padding : padding + cells[i];
    }
    return text.substr(0, text.find_last_not_of(' ') + 1) + '\n';
  };
  std::vector<std::string> titles;
  std::vector<std::string> rules;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    titles.push_back(columns_[i].title);
    rules.emplace_back(widths[i], '-');
  }
  std::string text = line(titles) + line(rules);
  for (const std::vector<std::string>& row : rows_) text += line(row);
  return text;
}

}  // namespace vpinfer
