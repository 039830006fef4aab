#pragma once

#include <array>
#include <string_view>

namespace vpinfer {

/// How a network is divided, by its name; see planner.hpp.
enum class Strategy { kVertical, kData, kSequential, kHorizontal, kSingle };

inline constexpr std::array kStrategies{Strategy::kVertical, Strategy::kData, Strategy::kSequential,
                                        Strategy::kHorizontal, Strategy::kSingle};

[[nodiscard]] std::string_view to_string(Strategy strategy);
/// Throws BadUsage, naming the strategies there are.
[[nodiscard]] Strategy parse_strategy(std::string_view name);

}  // namespace vpinfer
