#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/options.hpp"

namespace vpinfer {

// The values of options that are no plain text or number.  All throw BadUsage, naming the option.

/// `all` or `3,17`.
[[nodiscard]] DumpLayers parse_dump_layers(const std::string& text);
/// One value per channel.
[[nodiscard]] std::array<float, 3> three(const std::vector<float>& values,
                                         const std::string& option);
[[nodiscard]] std::uint64_t parse_seed(const std::string& text);
/// Rows x columns.
[[nodiscard]] InputSize parse_size(const std::string& text);
/// `auto` is no number: as many as pay.
[[nodiscard]] std::optional<int> parse_fuse(const std::string& text);
/// The same of frames under way at once, of which there may be 64.
[[nodiscard]] std::optional<int> parse_in_flight(const std::string& text);
/// `auto` is no format: for each exchange its own.
[[nodiscard]] std::optional<WireFormat> parse_wire(const std::string& text);
/// Bytes, more than none.
[[nodiscard]] std::size_t parse_limit(const std::string& text);
/// What a link of this rate brings, in bytes per second.
[[nodiscard]] double parse_link(const std::string& text);

}  // namespace vpinfer
