#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "vpinfer/error.hpp"

namespace vpinfer {

/// A JSON number that is whole and fits an int.  Throws BadInput otherwise; the JSON library itself
/// would cut it to size.
[[nodiscard]] inline int json_int(const nlohmann::json& number) {
  const bool fits =
      number.is_number_unsigned()
          ? number.get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<int>::max()}
          : number.is_number_integer() &&
                number.get<std::int64_t>() >= std::numeric_limits<int>::min();
  if (!fits) throw BadInput(number.dump().substr(0, 40) + " is not a whole number of 32 bits");
  return number.get<int>();
}

/// Throws BadInput if it is no object, or has a key that is not known: what that is to change would
/// be ignored.
inline void check_keys(const nlohmann::json& object, const std::vector<std::string_view>& known) {
  if (!object.is_object()) throw BadInput(object.dump().substr(0, 40) + " is no object");
  for (const auto& item : object.items()) {
    if (std::find(known.begin(), known.end(), item.key()) == known.end()) {
      throw BadInput("the key '" + item.key().substr(0, 40) + "' is unknown");
    }
  }
}

/// What the JSON library complains of, without the page of the text that it may quote.
[[nodiscard]] inline std::string json_complaint(const nlohmann::json::exception& exception) {
  constexpr std::size_t kEnough = 160;
  const std::string text = exception.what();
  return text.size() <= kEnough ? text : text.substr(0, kEnough) + " ...";
}

}  // namespace vpinfer
