#include "vpinfer/strategy.hpp"

#include "base/names.hpp"

namespace vpinfer {

std::string_view to_string(Strategy strategy) {
  switch (strategy) {
    case Strategy::kAuto: return "auto";
    case Strategy::kVertical: return "vertical";
    case Strategy::kData: return "data";
    case Strategy::kSequential: return "sequential";
    case Strategy::kHorizontal: return "horizontal";
    case Strategy::kSingle: return "single";
  }
  return "unknown";
}

Strategy parse_strategy(std::string_view name) {
  return parse_name("strategy", name, kStrategies);
}

}  // namespace vpinfer
