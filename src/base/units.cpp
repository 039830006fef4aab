#include "base/units.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "vpinfer/error.hpp"

namespace vpinfer {

std::size_t parse_bytes(std::string_view text) {
  struct Unit {
    std::string_view name;
    double bytes;
  };
  static constexpr std::array<Unit, 9> kUnits{{{"", 1},
                                               {"B", 1},
                                               {"kB", 1e3},
                                               {"KiB", 1024.0},
                                               {"MB", 1e6},
                                               {"MiB", kMebibyte},
                                               {"GB", 1e9},
                                               {"GiB", 1024.0 * kMebibyte},
                                               {"TiB", 1024.0 * 1024.0 * kMebibyte}}};
  double value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view name(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  if (error == std::errc() && std::isfinite(value) && value >= 0) {
    for (const Unit& unit : kUnits) {
      if (unit.name == name && value * unit.bytes < 1e18) {
        return static_cast<std::size_t>(value * unit.bytes);
      }
    }
  }
  throw BadUsage("'" + std::string(text) + "' is not a size; write for example 64MiB or 1.5GiB");
}

std::string fixed(double value, int decimals) {
  const int length = std::snprintf(nullptr, 0, "%.*f", decimals, value);
  std::string text(static_cast<std::size_t>(length) + 1, '\0');
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  text.pop_back();
  return text;
}

std::string mebibytes(std::size_t bytes) {
  return fixed(static_cast<double>(bytes) / kMebibyte, 1);
}

std::string kibibytes(std::size_t bytes) {
  return fixed(static_cast<double>(bytes) / 1024.0, 1);
}

}  // namespace vpinfer
