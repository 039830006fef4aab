#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "vpinfer/number_format.hpp"

namespace vpinfer {

/// All there are.
inline constexpr std::array kNumberFormats{NumberFormat::kFloat, NumberFormat::kHalf};

/// What files call a format: the name that numpy has for it.
[[nodiscard]] std::string_view stored_name(NumberFormat format);
/// The format that they call so; nothing if there is none.
[[nodiscard]] std::optional<NumberFormat> stored_format(std::string_view name);

}  // namespace vpinfer
