#include "search/stages.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "search/grids.hpp"
#include "search/work.hpp"

namespace vpinfer {
namespace {

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

/// The best way to compute some first runs of layers on some first hosts.
struct Reached {
  double value = std::numeric_limits<double>::infinity();  // the less the better
  Interval runs{};                                         // of the last stage
  Interval hosts{};                                        // its team
  std::size_t way = 0;
};

/// By number of hosts, then of runs.
using Table = std::vector<std::vector<Reached>>;

/// What stages are cut for.
struct CutGoal {
  const std::vector<std::size_t>& limits;  // of bytes, by host
  /// Nothing: the slowest stage takes as little time as possible.  Otherwise that many seconds at
  /// most, and as little as possible is handed on.
  std::optional<double> most_seconds{};
};

/// Considers every last stage for the first `runs` runs on a team that ends with host `hosts` - 1.
void consider_stages(const StageCosts& costs, const CutGoal& goal, int hosts, int runs,
                     Table& table) {
  Reached& best = table[static_cast<std::size_t>(hosts)][static_cast<std::size_t>(runs)];
  for (const int size : costs.sizes()) {
    if (size > hosts) break;
    const Interval team{hosts - size, hosts};
    for (int begin = runs - 1; begin >= 0; --begin) {
      const auto cost = costs.cost({begin, runs}, team, goal.limits);
      if (!cost) break;  // nor do more layers fit
      if (cost->seconds > goal.most_seconds.value_or(best.value)) continue;
      const double before =
          table[static_cast<std::size_t>(team.begin)][static_cast<std::size_t>(begin)].value;
      const double value =
          goal.most_seconds ? before + cost->handed_on_bytes : std::max(before, cost->seconds);
      if (value < best.value) best = {value, {begin, runs}, team, cost->way};
    }
  }
}

/// By dynamic programming over the hosts and the runs.
Table best_stages(const StageCosts& costs, const CutGoal& goal) {
  const std::size_t hosts = goal.limits.size();
  Table table(hosts + 1, std::vector<Reached>(static_cast<std::size_t>(costs.runs()) + 1));
  table[0][0].value = 0;
  for (std::size_t count = 1; count <= hosts; ++count) {
    table[count] = table[count - 1];  // the last host does nothing
    for (int runs = 1; runs <= costs.runs(); ++runs) {
      consider_stages(costs, goal, static_cast<int>(count), runs, table);
    }
  }
  return table;
}

/// The sizes that teams may have: few of the large ones.
std::vector<int> team_sizes(int largest) {
  constexpr int kSmall = 8;
  std::vector<int> sizes;
  for (int size = 1; size <= largest; size += size < kSmall ? 1 : size / 4) {
    sizes.push_back(size);
  }
  return sizes;
}

std::vector<int> all_ranks(const Cluster& cluster) {
  std::vector<int> ranks(cluster.hosts.size());
  std::iota(ranks.begin(), ranks.end(), 0);
  return ranks;
}

/// Where stages may begin: at any layer, if each is on one host; otherwise at those whose division
/// is a choice, because the others follow it.
std::vector<int> cuts_of(const Network& network, int largest_team) {
  std::vector<int> cuts(static_cast<std::size_t>(network.size()));
  std::iota(cuts.begin(), cuts.end(), 0);
  if (largest_team == 1) return cuts;
  std::erase_if(cuts, [&](int i) { return i > 0 && !is_divided_by_choice(network.layer(i)); });
  return cuts;
}

}  // namespace

Stages::Stages(const Evaluator& evaluator, Choice usual, const Limits& limits)
    : network_(evaluator.network()),
      usual_(std::move(usual)),
      ranks_(limits.ranks.empty() ? all_ranks(evaluator.cluster()) : limits.ranks) {
  Cluster hosts;
  std::vector<std::size_t> bytes;
  for (const int rank : ranks_) {
    hosts.hosts.push_back(evaluator.cluster().host(rank));
    bytes.push_back(limits.bytes.empty() ? kAll : limits.bytes[static_cast<std::size_t>(rank)]);
  }
  speeds_ = speeds(network_, usual_.conv, hosts);
  const StageCosts costs(network_, hosts, usual_, cuts_of(network_, limits.largest_team),
                         team_sizes(limits.largest_team),
                         limits.largest_team == 1 ? StageCosts::Counts::kProcessors
                                                  : StageCosts::Counts::kProcessorsAndLinks);
  stages_ = cut(costs, std::vector<std::size_t>(bytes.size(), kAll));
  keep_within(evaluator, costs, bytes);
}

std::vector<Digits> Stages::starts() const {
  Digits digits;
  for (const Stage& stage : stages_) {
    for (int i = stage.positions.begin; i < stage.positions.end; ++i) {
      if (is_free(stage, i)) digits.push_back(stage.start);
    }
  }
  return {digits};
}

std::vector<int> Stages::values() const {
  std::vector<int> values;
  for (const Stage& stage : stages_) {
    for (int i = stage.positions.begin; i < stage.positions.end; ++i) {
      if (is_free(stage, i)) values.push_back(static_cast<int>(stage.ways.size()));
    }
  }
  return values;
}

Choice Stages::choice(const Digits& digits) const {
  Choice choice = usual_;
  auto digit = digits.begin();
  for (const Stage& stage : stages_) {
    int way = stage.start;
    for (int i = stage.positions.begin; i < stage.positions.end; ++i) {
      if (is_free(stage, i)) way = *digit++;
      choice.divisions[static_cast<std::size_t>(i)] = stage.ways[static_cast<std::size_t>(way)];
    }
  }
  follow_islands(network_, choice);
  return choice;
}

bool Stages::is_free(const Stage& stage, int position) const {
  return stage.ways.size() > 1 && is_divided_by_choice(network_.layer(position));
}

/// None if no stages keep the limits.
std::vector<Stages::Stage> Stages::cut(const StageCosts& costs,
                                       const std::vector<std::size_t>& limits) const {
  const double fewest_seconds = best_stages(costs, {limits}).back().back().value;
  if (std::isinf(fewest_seconds)) return {};
  const Table table = best_stages(costs, {limits, fewest_seconds});
  std::vector<Stage> stages;
  for (const Reached* last = &table.back().back(); !last->hosts.empty();
       last = &table[static_cast<std::size_t>(last->hosts.begin)]
                    [static_cast<std::size_t>(last->runs.begin)]) {
    const std::vector<int> team(ranks_.begin() + last->hosts.begin,
                                ranks_.begin() + last->hosts.end);
    const std::vector<double> proportions(speeds_.begin() + last->hosts.begin,
                                          speeds_.begin() + last->hosts.end);
    stages.insert(stages.begin(), {costs.positions(last->runs), grids(team, proportions),
                                   static_cast<int>(last->way)});
  }
  return stages;
}

/// A stage's bytes are an estimate: where the plan takes too much, less of it must do.
void Stages::keep_within(const Evaluator& evaluator, const StageCosts& costs,
                         const std::vector<std::size_t>& limits) {
  if (std::all_of(limits.begin(), limits.end(), [](std::size_t limit) { return limit == kAll; })) {
    return;
  }
  constexpr double kALittleLess = 0.97;
  constexpr int kMostRounds = 32;  // in vain for a rank that has too little for no layers
  std::vector<std::size_t> estimates = limits;
  for (int round = 0; round < kMostRounds; ++round) {
    Evaluation evaluation = evaluator.evaluate(choice(starts().front()), Strategy::kSequential);
    evaluator.add_memory(evaluation, kAll);
    bool fits = true;
    for (std::size_t host = 0; host < limits.size(); ++host) {
      const std::size_t bytes = evaluation.memory[static_cast<std::size_t>(ranks_[host])].total();
      if (bytes <= limits[host]) continue;
      fits = false;
      estimates[host] = static_cast<std::size_t>(
          kALittleLess * static_cast<double>(std::min(estimates[host], bytes)) *
          static_cast<double>(limits[host]) / static_cast<double>(bytes));
    }
    if (fits) return;
    std::vector<Stage> stages = cut(costs, estimates);
    if (stages.empty()) return;
    stages_ = std::move(stages);
  }
}

}  // namespace vpinfer
