#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace vpinfer {

inline constexpr double kMebibyte = 1024.0 * 1024.0;

/// `64MiB`, `1.5GiB`, `500kB`, `4096` -> bytes.  Throws BadUsage for anything else.
[[nodiscard]] std::size_t parse_bytes(std::string_view text);
/// Bytes as MiB with one decimal, for tables: `27.4`.
[[nodiscard]] std::string mebibytes(std::size_t bytes);
/// Bytes as KiB likewise.
[[nodiscard]] std::string kibibytes(std::size_t bytes);
/// A number with `decimals` digits after the point.
[[nodiscard]] std::string fixed(double value, int decimals);

}  // namespace vpinfer
