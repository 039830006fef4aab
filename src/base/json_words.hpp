#pragma once

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "vpinfer/error.hpp"

namespace vpinfer {

/// The enumerator whose word, in their order, a JSON string is.  Throws BadInput if none.
template <typename Enum, std::size_t kCount>
[[nodiscard]] Enum word_from_json(const nlohmann::json& j,
                                  const std::array<std::string_view, kCount>& words) {
  for (std::size_t i = 0; i < kCount; ++i) {
    if (j == words[i]) return static_cast<Enum>(i);
  }
  throw BadInput("'" + j.dump() + "' is an unknown word");
}

template <typename Enum, std::size_t kCount>
[[nodiscard]] std::string_view word_of(Enum value,
                                       const std::array<std::string_view, kCount>& words) {
  return words[static_cast<std::size_t>(value)];
}

}  // namespace vpinfer
