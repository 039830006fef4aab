#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace vpinfer {

/// A JSON array with an element a line.
class JsonLines {
 public:
  /// What is no UTF-8, as file names may be, is replaced.
  void add(const nlohmann::ordered_json& element) {
    text_ += text_.size() == 1 ? "\n" : ",\n";
    text_ += element.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  }
  [[nodiscard]] std::string text() const { return text_ + "\n]\n"; }

 private:
  std::string text_ = "[";
};

}  // namespace vpinfer
