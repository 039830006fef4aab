#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace vpinfer {

template <std::size_t kCount>
[[nodiscard]] bool is_one_of(std::string_view name,
                             const std::array<std::string_view, kCount>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace vpinfer
