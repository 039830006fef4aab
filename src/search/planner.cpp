#include "search/planner.hpp"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "base/names.hpp"
#include "base/wire_format.hpp"
#include "search/automatic.hpp"
#include "search/layer_divisions.hpp"
#include "search/stages.hpp"
#include "search/tile_runs.hpp"
#include "search/wire_choice.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// All plans of one strategy.
class Planner {
 public:
  Planner(const Network& network, const Cluster& cluster, const PlanningOptions& options)
      : network_(network),
        options_(options),
        ranks_(cluster.ranks()),
        limits_(memory_limits(within_limit(cluster, options.memory_limit_bytes))),
        evaluator_(network, cluster, options.concurrency) {}

  [[nodiscard]] Plan plan(Strategy strategy) const {
    switch (strategy) {
      case Strategy::kSingle: return best(LayerDivisions(network_, all(on_rank(0))), strategy, {});
      case Strategy::kData:
        return best(TileRuns(network_, all(in_rows(ranks_)), options_.fuse), strategy, {});
      case Strategy::kHorizontal:
        return best(channels_or_sums(), strategy, {Quantity::kMovedBytes});
      case Strategy::kSequential:
        return best(Stages(evaluator_, all(on_rank(0)), {.bytes = limits_}), strategy, {});
      case Strategy::kVertical:
        return best(rows_channels_or_sums(), strategy, {Quantity::kLatency, allowance()});
      case Strategy::kAuto: break;  // is no restriction
    }
    throw Bug("an unknown strategy");
  }

 private:
  [[nodiscard]] Plan best(const Space& space, Strategy strategy, const Goal& goal) const {
    return search(evaluator_, space, strategy, goal);
  }

  /// Every layer divided so, in the formats of the options.
  [[nodiscard]] Choice all(const Division& division) const {
    return divide_alike(network_, division, options_.formats);
  }

  [[nodiscard]] LayerDivisions channels_or_sums() const {
    LayerDivisions space(network_, all(in_channels(ranks_)));
    for (int i = 0; i < network_.size(); ++i) {
      if (!has_divisible_sums(network_.layer(i).operation)) continue;
      space.vary(i, {in_channels(ranks_), in_sums(ranks_)});
    }
    return space;
  }

  [[nodiscard]] LayerDivisions rows_channels_or_sums() const {
    LayerDivisions space(network_, all(in_rows(ranks_)));
    for (const int position : layers_divided_by_choice(network_)) {
      std::vector<Division> ways{in_rows(ranks_), in_channels(ranks_)};
      if (has_divisible_sums(network_.layer(position).operation)) {
        for (int sums = 2; sums <= ranks_; ++sums) {
          if (ranks_ % sums == 0) ways.push_back(in_channels_and_sums(ranks_ / sums, sums));
        }
      }
      space.vary(position, ways);
    }
    space.begin_with_every_switch();
    return space;
  }

  [[nodiscard]] MemoryAllowance allowance() const {
    const bool for_latency = options_.objective == Objective::kLatency;
    return {.part = for_latency ? MemoryAllowance::kMuch : MemoryAllowance::kLittle,
            .additional_bytes = options_.objective ? 0 : MemoryAllowance::kUnnoticedBytes,
            .limit_bytes = options_.memory_limit_bytes,
            .takes_all = for_latency};
  }

  const Network& network_;
  const PlanningOptions& options_;
  int ranks_;
  std::vector<std::size_t> limits_;  // by rank
  Evaluator evaluator_;
};

/// By all ranks for a frame.
std::size_t moved_bytes(const Network& network, const Plan& plan) {
  return Exchanges({network, result_layers(network)}, {network, plan}).bytes();
}

bool fits(const Network& network, const Plan& plan, const Cluster& cluster,
          const PlanningOptions& options) {
  const std::vector<RankMemory> memory =
      predict_memory({network, plan}, result_layers(network), options.concurrency);
  const auto limits = memory_limits(within_limit(cluster, options.memory_limit_bytes));
  return std::equal(
      memory.begin(), memory.end(), limits.begin(),
      [](const RankMemory& rank, std::size_t limit) { return rank.total() <= limit; });
}

/// What the strategy makes, in the formats of the options; of the boxes of the plan for a more
/// exact format where others move more bytes than that, if they fit.
Plan plan_of_few_bytes(const Network& network, Strategy strategy, const Cluster& cluster,
                       const PlanningOptions& options) {
  const PlanningOptions searched = with_wire_to_search_for(options);
  Plan plan =
      in_formats_of(options, Planner(network, cluster, searched).plan(strategy), network, cluster);
  const WireFormat wire = searched.formats.wire.value_or(WireFormat::kFloat);
  if (wire == WireFormat::kFloat) return plan;
  PlanningOptions exact = options;
  exact.chooses_wire = false;
  exact.formats.wire = more_exact(wire);
  Plan other = plan_of_few_bytes(network, strategy, cluster, exact);
  if (moved_bytes(network, plan) <= moved_bytes(network, other)) return plan;
  other = in_formats_of(options, std::move(other), network, cluster);
  return fits(network, other, cluster, options) ? other : plan;
}

}  // namespace

std::string_view to_string(Objective objective) {
  switch (objective) {
    case Objective::kMemory: return "memory";
    case Objective::kLatency: return "latency";
    case Objective::kThroughput: return "throughput";
  }
  return "unknown";
}

Objective parse_objective(std::string_view name) {
  return parse_name("objective", name, kObjectives);
}

Cluster within_limit(Cluster cluster, std::optional<std::size_t> limit) {
  if (!limit) return cluster;
  for (Host& host : cluster.hosts) {
    host.memory_bytes = std::min(*limit, host.memory_bytes.value_or(*limit));
  }
  return cluster;
}

std::vector<std::size_t> memory_limits(const Cluster& cluster) {
  std::vector<std::size_t> limits;
  for (const Host& host : cluster.hosts) {
    limits.push_back(host.memory_bytes.value_or(std::numeric_limits<std::size_t>::max()));
  }
  return limits;
}

Plan make_plan(const Network& network, Strategy strategy, const Cluster& cluster,
               const PlanningOptions& options) {
  if (cluster.hosts.empty()) throw BadUsage("a plan needs at least 1 rank");
  if (strategy == Strategy::kAuto) return plan_automatically(network, cluster, options);
  Plan plan = plan_of_few_bytes(network, strategy, cluster, options);
  if (!options.chooses_wire || fits(network, plan, cluster, options)) return plan;
  PlanningOptions halves = options;  // the search for these counts the memory that they take
  halves.chooses_wire = false;
  halves.formats.wire = WireFormat::kHalf;
  return make_plan(network, strategy, cluster, halves);
}

Plan make_plan(const Network& network, Strategy strategy, int ranks,
               const PlanningOptions& options) {
  if (ranks < 1) throw BadUsage("a plan needs at least 1 rank");
  return make_plan(network, strategy, cluster_of(ranks, raspberry_pi_4()), options);
}

}  // namespace vpinfer
