#pragma once

#include <array>

#include "vpinfer/wire_format.hpp"

namespace vpinfer {

/// All there are.
inline constexpr std::array kWireFormats{WireFormat::kFloat, WireFormat::kHalf};

}  // namespace vpinfer
