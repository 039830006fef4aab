#pragma once

#include <array>
#include <string_view>

namespace vpinfer {

/// How a network is divided.
enum class Strategy {
  kAuto,        ///< in whichever way is predicted to be the best for an objective on a cluster
  kVertical,    ///< tiles of rows where activations are large and weights small, otherwise shares
                ///< of the channels or of the sums
  kData,        ///< tiles of rows: every rank needs all weights
  kSequential,  ///< stages of consecutive layers, a rank each
  kHorizontal,  ///< shares of the channels or of the sums
  kSingle,      ///< rank 0 computes everything
};

inline constexpr std::array kStrategies{Strategy::kAuto,       Strategy::kVertical,
                                        Strategy::kData,       Strategy::kSequential,
                                        Strategy::kHorizontal, Strategy::kSingle};

[[nodiscard]] std::string_view to_string(Strategy strategy);
/// Throws BadUsage, naming the strategies there are.
[[nodiscard]] Strategy parse_strategy(std::string_view name);

}  // namespace vpinfer
