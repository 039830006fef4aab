#pragma once

#include <optional>
#include <string_view>

namespace vpinfer {

/// What TCP brings of `100mbit` or `1gbit` Ethernet, in bytes per second.  Nothing if it is no
/// rate.
[[nodiscard]] std::optional<double> parse_link_rate(std::string_view text);

}  // namespace vpinfer
