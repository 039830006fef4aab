#include "plan/layouts.hpp"

#include <utility>

namespace vpinfer {
namespace {

template <typename... Types>
bool is_any_of(const Operation& operation) {
  return (std::holds_alternative<Types>(operation) || ...);
}

Box part_of(const Shape& shape, const Division& division, int ranks, int rank) {
  Box box = whole(shape);
  switch (division.kind) {
    case Division::Kind::kTiles: box.rows = share(shape.rows, ranks, rank); break;
    case Division::Kind::kChannelShares:
    case Division::Kind::kSums: box.channels = share(shape.channels, ranks, rank); break;
    case Division::Kind::kOneRank:
      if (rank != division.rank) return {};
  }
  return box.empty() ? Box{} : box;
}

/// A detector's head is small and its boxes are decoded on rank 0.
Layout layout_of(const Layer& layer, const Division& division, int ranks) {
  const bool on_rank_0 = std::holds_alternative<Input>(layer.operation) || is_head(layer.operation);
  Layout layout;
  for (int rank = 0; rank < ranks; ++rank) {
    layout.push_back(part_of(
        layer.output, on_rank_0 ? Division{Division::Kind::kOneRank, 0} : division, ranks, rank));
  }
  return layout;
}

bool covers(const Layout& layout, const Shape& shape) {
  std::vector<Box> missing{whole(shape)};
  for (const Box& box : layout) missing = subtract(missing, box);
  return missing.empty();
}

}  // namespace

bool has_windows(const Layer& layer) {
  return is_any_of<Convolution, LocallyConnected, MaxPool, AveragePool>(layer.operation);
}

std::vector<int> layers_with_windows(const Network& network) {
  std::vector<int> positions;
  for (int i = 0; i < network.size(); ++i) {
    if (has_windows(network.layer(i))) positions.push_back(i);
  }
  return positions;
}

Repeated cheaper_repeated(const Network& network) {
  Repeated repeated;
  for (int i = 0; i < network.size(); ++i) {
    const Layer& layer = network.layer(i);
    const bool enlarges = std::holds_alternative<Resample>(layer.operation) &&
                          layer.output.elements() >= network.input_shape(i, 0).elements();
    repeated.push_back(
        enlarges ||
        is_any_of<Constant, Concat, Slice, Pad, Flatten, Reorg, SpaceToDepth, DepthToSpace>(
            layer.operation));
  }
  return repeated;
}

Plan with_layouts(Plan undivided, const Demand& demand, const Divisions& divisions,
                  const Repeated& repeated) {
  const Network& network = demand.network();
  const int ranks = undivided.ranks;
  Plan plan = std::move(undivided);
  for (int i = 0; i < network.size(); ++i) {
    const Division& division = divisions[static_cast<std::size_t>(i)];
    plan.layouts.push_back(layout_of(network.layer(i), division, ranks));
    if (division.kind != Division::Kind::kSums) continue;
    if (!has_divisible_sums(network.layer(i).operation)) continue;
    for (int rank = 0; rank < ranks; ++rank) {
      plan.sums[i].push_back(share(network.input_shape(i, 0).channels, ranks, rank));
    }
  }
  // From the last layer to the first, because what a repeated layer reads may be repeated too.
  for (int i = network.size() - 1; i > 0; --i) {
    if (!repeated[static_cast<std::size_t>(i)]) continue;
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

}  // namespace vpinfer
