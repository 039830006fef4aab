#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "vpinfer/memory.hpp"
#include "vpinfer/plan.hpp"

namespace vpinfer {

/// What a plan is made for: little memory on the fullest rank, little time for a frame alone, or
/// many frames per second of a stream.
enum class Objective { kMemory, kLatency, kThroughput };

inline constexpr std::array kObjectives{Objective::kMemory, Objective::kLatency,
                                        Objective::kThroughput};

[[nodiscard]] std::string_view to_string(Objective objective);
/// Throws BadUsage, naming the objectives there are.
[[nodiscard]] Objective parse_objective(std::string_view name);

/// How much noise the formats on the wire may add to results where each exchange has its own: root
/// mean square, in parts of that of the values.
inline constexpr double kMostRoundingNoise = 0.03;

/// What a strategy leaves open.
struct PlanningOptions {
  std::optional<int> fuse = 1;  ///< of `data`: convolutions and poolings per run; nothing: as many
                                ///< as pay
  Formats formats{};            ///< nothing: float and auto, or those of a given plan
  bool chooses_wire = false;  ///< each exchange in the format that is fastest for it, the rounding
                              ///< of all of them within `kMostRoundingNoise`
  std::optional<Objective> objective{};  ///< of `auto`, latency unless it is another; of
                                         ///< `vertical`, memory or latency; nothing: a 64th and
                                         ///< some 3 MiB above the least
  std::optional<std::size_t> memory_limit_bytes{};  ///< per rank; stages are cut to keep it, and
                                                    ///< `vertical` for latency may use it up
  Concurrency concurrency{};
};

}  // namespace vpinfer
