#include "plan/vertical_search.hpp"

#include <algorithm>
#include <limits>

#include "plan/cost.hpp"
#include "plan/layouts.hpp"
#include "plan/program.hpp"

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
  VerticalSearch(const Network& network, const Plan& undivided, const PlanningOptions& options)
      : network_(network),
        undivided_(undivided),
        options_(options),
        layer_demand_(network, {}),
        demand_(network, result_layers(network)),
        repeated_(cheaper_repeated(network)),
        chosen_(layers_with_windows(network)) {}

  Plan best() const {
    const Switch start = fastest_switch();
    return descend(start.candidate, start.most_bytes).plan;
  }

 private:
  struct Candidate {
    Divisions divisions;
    Plan plan;
    Exchanges exchanges;
    double seconds = 0;  ///< of a frame
    Fullest fullest{};   ///< set by `measure`
  };

  /// Tiles up to some layer, channel shares from there on.
  struct Switch {
    Candidate candidate;
    std::size_t most_bytes = 0;  ///< that the search may take on a rank
  };

  static std::size_t index(int position) { return static_cast<std::size_t>(position); }

  Candidate candidate(Divisions divisions, const Candidate& similar) const {
    for (int i = 1; i < network_.size(); ++i) {
      const Layer& layer = network_.layer(i);
      if (has_windows(layer) || layer.inputs.empty()) continue;
      divisions[index(i)] = divisions[index(layer.inputs.front())];
    }
    Plan plan = with_layouts(undivided_, layer_demand_, divisions, repeated_);
    Exchanges exchanges = all_exchanges(demand_, plan, similar.plan, similar.exchanges);
    const double seconds = predicted_seconds(network_, plan, exchanges, Device{});
    return {std::move(divisions), std::move(plan), std::move(exchanges), seconds};
  }

  /// Sets the candidate's fullest rank; false if some rank takes more than `most_bytes`.  The rank
  /// that is the fullest under a similar plan is looked at first: most candidates that take too
  /// much do so there.
  bool measure(Candidate& candidate, std::size_t most_bytes, const Fullest& similar) const {
    const auto fullest = fullest_within(demand_, candidate.plan, candidate.exchanges,
                                        options_.concurrency, most_bytes, similar.rank);
    candidate.fullest = fullest.value_or(Fullest{});
    return fullest.has_value();
  }

  /// What the search may take on a rank, given what the leanest switch takes.
  std::size_t most_bytes(std::size_t leanest) const {
    const bool for_latency = options_.objective == Objective::kLatency;
    std::size_t most = leanest + leanest / (for_latency ? 7 : 64);
    if (const auto limit = options_.memory_limit_bytes) {
      most = for_latency ? *limit : std::min(most, *limit);
    }
    return std::max(most, leanest);
  }

  Switch fastest_switch() const {
    std::vector<Candidate> fitting;
    std::size_t leanest = std::numeric_limits<std::size_t>::max();
    std::size_t most = leanest;
    Candidate last{Divisions(network_.layers.size()), {}, {}};
    Fullest fullest;
    const auto consider = [&] {
      last = candidate(last.divisions, last);
      if (!measure(last, most, fullest)) return;
      fullest = last.fullest;
      leanest = std::min(leanest, last.fullest.bytes);
      most = most_bytes(leanest);
      fitting.push_back(last);
    };
    consider();
    for (auto it = chosen_.rbegin(); it != chosen_.rend(); ++it) {
      last.divisions[index(*it)].kind = Kind::kChannelShares;
      consider();
    }
    std::erase_if(fitting, [&](const Candidate& c) { return c.fullest.bytes > most; });
    const auto fastest = std::min_element(
        fitting.begin(), fitting.end(),
        [](const Candidate& a, const Candidate& b) { return a.seconds < b.seconds; });
    return {*fastest, most};
  }

  /// Turns one layer after another, round and round, where that lowers the cost within the memory,
  /// until none does.
  Candidate descend(const Candidate& start, std::size_t most_bytes) const {
    // Memory has a price below the limit too: otherwise the first layers spend what would bring
    // more elsewhere.
    constexpr double kMemoryWeight = 0.3;
    const double seconds_per_byte =
        kMemoryWeight * start.seconds / static_cast<double>(start.fullest.bytes);
    const auto cost = [&](const Candidate& c) {
      return c.seconds + seconds_per_byte * static_cast<double>(c.fullest.bytes);
    };
    Candidate best = start;
    // Whether a candidate costs less than the best, within the memory.
    const auto wins = [&](Candidate& next) {
      const double affordable = (cost(best) - next.seconds) / seconds_per_byte;
      if (affordable <= 0) return false;
      const double most = std::min(affordable, static_cast<double>(most_bytes));
      return measure(next, static_cast<std::size_t>(most), best.fullest) && cost(next) < cost(best);
    };
    std::size_t unchanged = 0;  // layers in a row that stayed as they are
    for (std::size_t i = 0; unchanged < chosen_.size(); i = (i + 1) % chosen_.size()) {
      const int position = chosen_[i];
      const Kind before = best.divisions[index(position)].kind;
      for (const Kind kind : kinds_of(network_.layer(position))) {
        if (kind == best.divisions[index(position)].kind) continue;
        Divisions divisions = best.divisions;
        divisions[index(position)].kind = kind;
        Candidate next = candidate(std::move(divisions), best);
        if (wins(next)) best = std::move(next);
      }
      unchanged = best.divisions[index(position)].kind == before ? unchanged + 1 : 0;
    }
    return best;
  }

  const Network& network_;
  const Plan& undivided_;
  const PlanningOptions& options_;
  Demand layer_demand_;  // of layers alone
  Demand demand_;        // of the results too
  Repeated repeated_;
  std::vector<int> chosen_;  // the layers that are turned
};

}  // namespace

Plan search_vertical(const Network& network, const Plan& undivided,
                     const PlanningOptions& options) {
  return VerticalSearch(network, undivided, options).best();
}

}  // namespace vpinfer
