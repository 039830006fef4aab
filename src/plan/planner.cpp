#include "plan/planner.hpp"

#include <array>

#include "plan/fusing.hpp"
#include "plan/layouts.hpp"
#include "plan/names.hpp"
#include "plan/stages.hpp"
#include "plan/vertical_search.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// Shares of every layer's channels.  A convolution's sums are divided where it moves fewer bytes
/// to add them up than to gather its input.
Plan plan_channel_shares(const Network& network, const Plan& undivided) {
  const Demand layer_demand(network, {});
  const Demand demand(network, result_layers(network));
  const Repeated repeated = cheaper_repeated(network);
  Divisions divisions(network.layers.size(), {Division::Kind::kChannelShares, 0});
  const auto plan = [&] { return with_layouts(undivided, layer_demand, divisions, repeated); };
  Plan best = plan();
  Exchanges exchanges = all_exchanges(demand, best);
  std::size_t bytes = bytes_moved(exchanges, best.wire);
  for (int i = 0; i < network.size(); ++i) {
    if (!has_divisible_sums(network.layer(i).operation)) continue;
    Division::Kind& kind = divisions[static_cast<std::size_t>(i)].kind;
    kind = Division::Kind::kSums;
    Plan next = plan();
    Exchanges next_exchanges = all_exchanges(demand, next, best, exchanges);
    const std::size_t next_bytes = bytes_moved(next_exchanges, next.wire);
    if (next_bytes < bytes) {
      best = std::move(next);
      bytes = next_bytes;
      exchanges = std::move(next_exchanges);
    } else {
      kind = Division::Kind::kChannelShares;
    }
  }
  return best;
}

Plan divide(const Network& network, const Plan& undivided, const PlanningOptions& options) {
  switch (undivided.strategy) {
    case Strategy::kSingle:
      return with_layouts(undivided, {network, {}},
                          Divisions(network.layers.size(), {Division::Kind::kOneRank, 0}),
                          cheaper_repeated(network));
    case Strategy::kData: return plan_fused_tiles(network, undivided, options.fuse);
    case Strategy::kHorizontal: return plan_channel_shares(network, undivided);
    case Strategy::kSequential:
      return plan_stages({network, result_layers(network)}, undivided, options);
    case Strategy::kVertical: return search_vertical(network, undivided, options);
  }
  throw Bug("an unknown strategy");
}

}  // namespace

std::string_view to_string(Objective objective) {
  return objective == Objective::kLatency ? "latency" : "memory";
}

Objective parse_objective(std::string_view name) {
  return parse_name("objective", name, std::array{Objective::kMemory, Objective::kLatency});
}

void choose_formats(const PlanningOptions& options, Plan& plan) {
  plan.wire = options.wire.value_or(plan.wire);
  plan.conv = options.conv.value_or(plan.conv);
}

Plan make_plan(const Network& network, Strategy strategy, int ranks,
               const PlanningOptions& options) {
  if (ranks < 1) throw BadUsage("a plan needs at least 1 rank");
  Plan undivided;
  undivided.strategy = strategy;
  undivided.ranks = ranks;
  choose_formats(options, undivided);
  return divide(network, undivided, options);
}

}  // namespace vpinfer
