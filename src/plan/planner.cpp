#include "vpinfer/plan/planner.hpp"

#include <algorithm>

#include "vpinfer/base/error.hpp"
#include "vpinfer/plan/exchange.hpp"
#include "vpinfer/plan/geometry.hpp"
#include "vpinfer/plan/program.hpp"

namespace vpinfer {
namespace {

/// How one layer is divided among the ranks.
enum class Division { kTiles, kChannelShares };

/// One division per layer, by position.
using Divisions = std::vector<Division>;

template <typename... Types>
bool is_any_of(const Operation& operation) {
  return (std::holds_alternative<Types>(operation) || ...);
}

/// Layers that are cheaper to repeat than to send: those without arithmetic, and resizes that give
/// more than they take.
bool cheaper_repeated(const Network& network, int position) {
  const Layer& layer = network.layer(position);
  if (std::holds_alternative<Resample>(layer.operation)) {
    return layer.output.elements() >= network.input_shape(position, 0).elements();
  }
  return is_any_of<Constant, Concat, Slice, Pad, Flatten, Reorg, SpaceToDepth, DepthToSpace>(
      layer.operation);
}

Layout divide(const Shape& shape, Division division, int ranks) {
  Layout layout;
  for (int rank = 0; rank < ranks; ++rank) {
    Box box = whole(shape);
    if (division == Division::kTiles) {
      box.rows = share(shape.rows, ranks, rank);
    } else {
      box.channels = share(shape.channels, ranks, rank);
    }
    layout.push_back(box.empty() ? Box{} : box);
  }
  return layout;
}

Layout all_on_rank_0(const Shape& shape, int ranks) {
  Layout layout(static_cast<std::size_t>(ranks));
  layout.front() = whole(shape);
  return layout;
}

/// A detector's head is small and its boxes are decoded on rank 0.
Layout layout_of(const Layer& layer, Division division, int ranks) {
  const bool on_rank_0 = std::holds_alternative<Input>(layer.operation) || is_head(layer.operation);
  return on_rank_0 ? all_on_rank_0(layer.output, ranks) : divide(layer.output, division, ranks);
}

bool covers(const Layout& layout, const Shape& shape) {
  std::vector<Box> missing{whole(shape)};
  for (const Box& box : layout) missing = subtract(missing, box);
  return missing.empty();
}

Plan plan_with(const Demand& demand, Strategy strategy, const Divisions& divisions, int ranks) {
  const Network& network = demand.network();
  Plan plan{strategy, ranks, {}};
  for (int i = 0; i < network.size(); ++i) {
    plan.layouts.push_back(
        layout_of(network.layer(i), divisions[static_cast<std::size_t>(i)], ranks));
  }
  // From the last layer to the first: a layer that is cheaper repeated than sent is owned where it
  // is read.
  for (int i = network.size() - 1; i > 0; --i) {
    if (!cheaper_repeated(network, i)) continue;
    Layout readers;
    for (int rank = 0; rank < ranks; ++rank) {
      readers.push_back(hull_of_needs(demand, plan, i, rank));
    }
    if (covers(readers, network.layer(i).output)) {
      plan.layouts[static_cast<std::size_t>(i)] = std::move(readers);
    }
  }
  return plan;
}

/// Searches the divisions of a network's convolutions and poolings; the other layers follow their
/// first input.
class VerticalSearch {
 public:
  VerticalSearch(const Network& network, int ranks)
      : network_(network),
        ranks_(ranks),
        layer_demand_(network, {}),
        demand_(network, result_layers(network)) {
    for (int i = 0; i < network.size(); ++i) {
      if (is_chosen(network.layer(i))) chosen_.push_back(i);
    }
  }

  Plan best() const { return descend(least_memory()).plan; }

 private:
  struct Candidate {
    Divisions divisions;
    Plan plan;
    std::size_t memory = 0;  ///< bytes on the fullest rank
    std::size_t bytes = 0;   ///< moved per frame
  };

  static bool is_chosen(const Layer& layer) {
    return is_any_of<Convolution, LocallyConnected, MaxPool, AveragePool>(layer.operation);
  }

  static std::size_t index(int position) { return static_cast<std::size_t>(position); }

  Candidate candidate(Divisions divisions) const {
    for (int i = 1; i < network_.size(); ++i) {
      const Layer& layer = network_.layer(i);
      if (!is_chosen(layer) && !layer.inputs.empty()) {
        divisions[index(i)] = divisions[index(layer.inputs.front())];
      }
    }
    Plan plan = plan_with(layer_demand_, Strategy::kVertical, divisions, ranks_);
    const Prediction prediction = predict(demand_, plan);
    std::size_t memory = 0;
    for (const RankMemory& rank : prediction.memory) memory = std::max(memory, rank.total());
    return {std::move(divisions), std::move(plan), memory, prediction.bytes_moved};
  }

  /// Tiles up to some layer, channel shares from there on: the switch that needs the least memory.
  Candidate least_memory() const {
    Divisions divisions(network_.layers.size(), Division::kTiles);
    Candidate best = candidate(divisions);
    for (auto it = chosen_.rbegin(); it != chosen_.rend(); ++it) {
      divisions[index(*it)] = Division::kChannelShares;
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
      Divisions divisions = best.divisions;
      Division& division = divisions[index(chosen_[i])];
      division = division == Division::kTiles ? Division::kChannelShares : Division::kTiles;
      Candidate next = candidate(std::move(divisions));
      ++unchanged;
      if (next.memory <= memory_limit && cost(next) < cost(best)) {
        best = std::move(next);
        unchanged = 0;
      }
    }
    return best;
  }

  const Network& network_;
  int ranks_;
  Demand layer_demand_;  // of layers alone
  Demand demand_;        // of the results too
  std::vector<int> chosen_;
};

}  // namespace

Plan make_plan(const Network& network, Strategy strategy, int ranks) {
  if (ranks < 1) throw BadUsage("a plan needs at least 1 rank");
  if (strategy == Strategy::kVertical) return VerticalSearch(network, ranks).best();
  if (strategy == Strategy::kData) {
    return plan_with({network, {}}, strategy, Divisions(network.layers.size(), Division::kTiles),
                     ranks);
  }
  Plan plan{strategy, ranks, {}};
  for (const Layer& layer : network.layers) {
    plan.layouts.push_back(all_on_rank_0(layer.output, ranks));
  }
  return plan;
}

}  // namespace vpinfer
