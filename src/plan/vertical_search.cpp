#include "vertical_search.hpp"

#include <algorithm>

#include "layouts.hpp"
#include "vpinfer/plan/cost.hpp"
#include "vpinfer/plan/program.hpp"

namespace vpinfer {
namespace {

using Kind = Division::Kind;

/// How a layer may be divided.
std::vector<Kind> kinds_of(const Layer& layer) {
  std::vector<Kind> kinds{Kind::kTiles, Kind::kChannelShares};
  if (has_divisible_sums(layer.operation)) kinds.push_back(Kind::kSums);
  return kinds;
}

/// Searches the divisions of a network's convolutions and poolings; the other layers follow their
/// first input.
class VerticalSearch {
 public:
  VerticalSearch(const Network& network, int ranks, const PlanningOptions& options)
      : network_(network),
        ranks_(ranks),
        options_(options),
        layer_demand_(network, {}),
        demand_(network, result_layers(network)),
        repeated_(cheaper_repeated(network)),
        chosen_(layers_with_windows(network)) {}

  Plan best() const {
    const std::vector<Candidate> starts = switches();
    std::size_t leanest = starts.front().memory;
    for (const Candidate& start : starts) leanest = std::min(leanest, start.memory);
    const bool for_latency = options_.objective == Objective::kLatency;
    std::size_t most = leanest + leanest / (for_latency ? 8 : 64);
    if (const auto limit = options_.memory_limit_bytes) {
      most = for_latency ? *limit : std::min(most, *limit);
    }
    most = std::max(most, leanest);
    return descend(fastest(starts, most), most).plan;
  }

 private:
  struct Candidate {
    Divisions divisions;
    Plan plan;
    std::size_t memory = 0;  ///< bytes on the fullest rank
    double seconds = 0;      ///< of a frame
  };

  static std::size_t index(int position) { return static_cast<std::size_t>(position); }

  Candidate candidate(Divisions divisions) const {
    for (int i = 1; i < network_.size(); ++i) {
      const Layer& layer = network_.layer(i);
      if (has_windows(layer) || layer.inputs.empty()) continue;
      divisions[index(i)] = divisions[index(layer.inputs.front())];
    }
    Plan plan = plan_with(layer_demand_, Strategy::kVertical, divisions, repeated_, ranks_);
    plan.wire = options_.wire.value_or(plan.wire);
    const std::size_t memory = fullest_bytes(predict(demand_, plan, options_.lanes).memory);
    const double seconds = predicted_seconds(demand_, plan, Device{});
    return {std::move(divisions), std::move(plan), memory, seconds};
  }

  /// Tiles up to some layer, channel shares from there on: every such switch.
  std::vector<Candidate> switches() const {
    Divisions divisions(network_.layers.size());
    std::vector<Candidate> all{candidate(divisions)};
    for (auto it = chosen_.rbegin(); it != chosen_.rend(); ++it) {
      divisions[index(*it)].kind = Kind::kChannelShares;
      all.push_back(candidate(divisions));
    }
    return all;
  }

  static const Candidate& fastest(const std::vector<Candidate>& candidates, std::size_t memory) {
    const Candidate* best = nullptr;
    for (const Candidate& candidate : candidates) {
      const bool fits = candidate.memory <= memory;
      if (fits && (best == nullptr || candidate.seconds < best->seconds)) best = &candidate;
    }
    return *best;
  }

  /// Turns one layer after another, round and round, where that lowers the cost within the memory,
  /// until none does.
  Candidate descend(const Candidate& start, std::size_t most_memory) const {
    // Memory has a price below the limit too: otherwise the first layers spend what would bring
    // more elsewhere.
    constexpr double kMemoryWeight = 0.3;
    const auto cost = [&](const Candidate& c) {
      return c.seconds / start.seconds +
             kMemoryWeight * static_cast<double>(c.memory) / static_cast<double>(start.memory);
    };
    Candidate best = start;
    std::size_t unchanged = 0;  // layers in a row that stayed as they are
    for (std::size_t i = 0; unchanged < chosen_.size(); i = (i + 1) % chosen_.size()) {
      const int position = chosen_[i];
      const Kind before = best.divisions[index(position)].kind;
      for (const Kind kind : kinds_of(network_.layer(position))) {
        if (kind == best.divisions[index(position)].kind) continue;
        Divisions divisions = best.divisions;
        divisions[index(position)].kind = kind;
        Candidate next = candidate(std::move(divisions));
        if (next.memory <= most_memory && cost(next) < cost(best)) best = std::move(next);
      }
      unchanged = best.divisions[index(position)].kind == before ? unchanged + 1 : 0;
    }
    return best;
  }

  const Network& network_;
  int ranks_;
  const PlanningOptions& options_;
  Demand layer_demand_;  // of layers alone
  Demand demand_;        // of the results too
  Repeated repeated_;
  std::vector<int> chosen_;  // the layers that are turned
};

}  // namespace

Plan search_vertical(const Network& network, int ranks, const PlanningOptions& options) {
  return VerticalSearch(network, ranks, options).best();
}

}  // namespace vpinfer
