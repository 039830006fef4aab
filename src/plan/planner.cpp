#include "vpinfer/plan/planner.hpp"

#include "fusing.hpp"
#include "layouts.hpp"
#include "stages.hpp"
#include "vertical_search.hpp"
#include "vpinfer/base/error.hpp"

namespace vpinfer {

Plan make_plan(const Network& network, Strategy strategy, int ranks,
               const PlanningOptions& options) {
  if (ranks < 1) throw BadUsage("a plan needs at least 1 rank");
  const auto divided = [&](Division division) {
    return plan_with({network, {}}, strategy, Divisions(network.layers.size(), division),
                     cheaper_repeated(network), ranks);
  };
  switch (strategy) {
    case Strategy::kSingle: return divided({Division::Kind::kOneRank, 0});
    case Strategy::kData: return plan_fused_tiles(network, ranks, options.fuse);
    case Strategy::kHorizontal: return divided({Division::Kind::kChannelShares, 0});
    case Strategy::kSequential:
      return plan_stages({network, result_layers(network)}, ranks, options.memory_limit_bytes);
    case Strategy::kVertical: return search_vertical(network, ranks);
  }
  throw Bug("an unknown strategy");
}

}  // namespace vpinfer
