#include "vertical_search.hpp"

#include <algorithm>

#include "layouts.hpp"
#include "vpinfer/plan/program.hpp"

namespace vpinfer {
namespace {

using Kind = Division::Kind;

/// How a layer may be divided.
std::vector<Kind> kinds_of(const Layer& layer) {
  std::vector<Kind> kinds{Kind::kTiles, Kind::kChannelShares};
  if (has_divisible_sums(layer)) kinds.push_back(Kind::kSums);
  return kinds;
}

/// Searches the divisions of a network's convolutions and poolings; the other layers follow their
/// first input.
class VerticalSearch {
 public:
  VerticalSearch(const Network& network, int ranks)
      : network_(network),
        ranks_(ranks),
        layer_demand_(network, {}),
        demand_(network, result_layers(network)),
        repeated_(cheaper_repeated(network)),
        chosen_(layers_with_windows(network)) {}

  Plan best() const { return descend(least_memory()).plan; }

 private:
  struct Candidate {
    Divisions divisions;
    Plan plan;
    std::size_t memory = 0;  ///< bytes on the fullest rank
    std::size_t bytes = 0;   ///< moved per frame
  };

  static std::size_t index(int position) { return static_cast<std::size_t>(position); }

  Candidate candidate(Divisions divisions) const {
    for (int i = 1; i < network_.size(); ++i) {
      const Layer& layer = network_.layer(i);
      if (has_windows(layer) || layer.inputs.empty()) continue;
      divisions[index(i)] = divisions[index(layer.inputs.front())];
      if (divisions[index(i)].kind == Kind::kSums) {
        divisions[index(i)].kind = Kind::kChannelShares;
      }
    }
    Plan plan = plan_with(layer_demand_, Strategy::kVertical, divisions, repeated_, ranks_);
    const Prediction prediction = predict(demand_, plan);
    return {std::move(divisions), std::move(plan), fullest_bytes(prediction.memory),
            prediction.bytes_moved};
  }

  /// Tiles up to some layer, channel shares from there on: the switch that needs the least memory.
  Candidate least_memory() const {
    Divisions divisions(network_.layers.size());
    Candidate best = candidate(divisions);
    for (auto it = chosen_.rbegin(); it != chosen_.rend(); ++it) {
      divisions[index(*it)].kind = Kind::kChannelShares;
      Candidate next = candidate(divisions);
      if (next.memory < best.memory) best = std::move(next);
    }
    return best;
  }

  /// Turns one layer after another, round and round, where that lowers the cost, until none does.
  Candidate descend(const Candidate& leanest) const {
    const std::size_t memory_limit = leanest.memory + leanest.memory / 20;
    // Memory comes first: a percent of it is worth four percent of the bytes.
    const auto cost = [&](const Candidate& c) {
      return 4 * static_cast<double>(c.memory) / static_cast<double>(leanest.memory) +
             static_cast<double>(c.bytes) /
                 static_cast<double>(std::max<std::size_t>(1, leanest.bytes));
    };
    Candidate best = leanest;
    std::size_t unchanged = 0;  // layers in a row that stayed as they are
    for (std::size_t i = 0; unchanged < chosen_.size(); i = (i + 1) % chosen_.size()) {
      const int position = chosen_[i];
      const Kind before = best.divisions[index(position)].kind;
      for (const Kind kind : kinds_of(network_.layer(position))) {
        if (kind == best.divisions[index(position)].kind) continue;
        Divisions divisions = best.divisions;
        divisions[index(position)].kind = kind;
        Candidate next = candidate(std::move(divisions));
        if (next.memory <= memory_limit && cost(next) < cost(best)) best = std::move(next);
      }
      unchanged = best.divisions[index(position)].kind == before ? unchanged + 1 : 0;
    }
    return best;
  }

  const Network& network_;
  int ranks_;
  Demand layer_demand_;  // of layers alone
  Demand demand_;        // of the results too
  Repeated repeated_;
  std::vector<int> chosen_;  // the layers that are turned
};

}  // namespace

Plan search_vertical(const Network& network, int ranks) {
  return VerticalSearch(network, ranks).best();
}

}  // namespace vpinfer
