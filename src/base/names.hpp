#pragma once

#include <string>
#include <string_view>

#include "vpinfer/error.hpp"

namespace vpinfer {

/// The value that `to_string` calls so.  Throws BadUsage, naming what there is of this kind, and
/// what the caller knows beside.
template <typename Values>
auto parse_name(const std::string& kind, std::string_view name, const Values& values,
                const std::string& beside = "") {
  std::string known;
  for (const auto value : values) {
    if (to_string(value) == name) return value;
    known += known.empty() ? "" : ", ";
    known += to_string(value);
  }
  throw BadUsage("unknown " + kind + " '" + std::string(name) + "'; there are " + known + beside);
}

}  // namespace vpinfer
