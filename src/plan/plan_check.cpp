#include "plan/plan_check.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

void check_layout(const Layout& layout, const Shape& shape, const std::string& label) {
  for (const Box& box : layout) {
    if (!whole(shape).contains(box)) {
      throw BadInput("box " + to_string(box) + " leaves " + label + " (" + to_string(shape) + ")");
    }
  }
  if (const auto missing = uncovered(whole(shape), layout); !missing.empty()) {
    throw BadInput("nobody owns " + to_string(missing.front()) + " of " + label);
  }
}

/// Every cell's class scores are normalised together.
void check_head(const Layout& layout, const Shape& shape, const std::string& label) {
  for (const Box& box : layout) {
    if (!box.empty() && box.channels.size() != shape.channels) {
      throw BadInput("box " + to_string(box) + " of " + label +
                     " must span all channels of a head");
    }
  }
}

void check_input(const Plan& plan, const Network& network) {
  for (int rank = 0; rank < plan.ranks; ++rank) {
    const Box wanted = rank == 0 ? whole(network.input_shape()) : Box{};
    const Box& owned = plan.owned(0, rank);
    if (owned != wanted && !(owned.empty() && wanted.empty())) {
      throw BadInput("rank 0 must own the whole input, and nobody else any of it");
    }
  }
}

/// What all ranks have that sum for the same box must hold every input channel once.
bool holds_channels_once(const std::vector<SumShare>& sums, const Box& box, int channels) {
  std::vector<Interval> shares;
  for (const SumShare& share : sums) {
    if (share.box == box) shares.push_back(share.channels);
  }
  std::sort(shares.begin(), shares.end());
  int next = 0;
  const bool once = std::all_of(shares.begin(), shares.end(), [&](const Interval& share) {
    return std::exchange(next, share.end) == share.begin;
  });
  return once && next == channels;
}

/// The boxes that ranks sum for must be cells of the output, the same or apart, and what a rank
/// owns must lie within one of them.
void check_cells(const LayerPlan& layer, const Shape& shape, const std::string& label) {
  std::vector<Box> cells;
  for (const SumShare& share : layer.sums) {
    if (share.box.empty() || std::count(cells.begin(), cells.end(), share.box) > 0) continue;
    if (!whole(shape).contains(share.box)) {
      throw BadInput("box " + to_string(share.box) + " of divided sums leaves " + label + " (" +
                     to_string(shape) + ")");
    }
    for (const Box& cell : cells) {
      if (intersect(cell, share.box).empty()) continue;
      throw BadInput("boxes " + to_string(cell) + " and " + to_string(share.box) +
                     " of the divided sums of " + label + " overlap");
    }
    cells.push_back(share.box);
  }
  if (const auto missing = uncovered(whole(shape), cells); !missing.empty()) {
    throw BadInput("the divided sums of " + label + " lack " + to_string(missing.front()));
  }
  for (const Box& owned : layer.owned) {
    if (owned.empty() || std::any_of(cells.begin(), cells.end(),
                                     [&](const Box& cell) { return cell.contains(owned); })) {
      continue;
    }
    throw BadInput("box " + to_string(owned) + " of " + label +
                   " is not within one box of its divided sums");
  }
}

}  // namespace

void check_layouts(const Plan& plan, const Network& network) {
  if (plan.ranks < 1 || plan.layers.size() != network.layers.size()) {
    throw BadInput("the plan is for " + std::to_string(static_cast<int>(plan.layers.size()) - 1) +
                   " layers, the model has " + std::to_string(network.size() - 1));
  }
  for (int i = 0; i < network.size(); ++i) {
    const Layer& layer = network.layer(i);
    check_layout(plan.layer(i).owned, layer.output, Network::label(i));
    if (is_head(layer.operation)) {
      check_head(plan.layer(i).owned, layer.output, Network::label(i));
    }
  }
  check_input(plan, network);
}

void check_sums(const LayerPlan& layer, const Network& network, int position) {
  const std::string label = Network::label(position);
  if (!has_divisible_sums(network.layer(position).operation)) {
    throw BadInput("only the sums of a convolution without groups can be divided, not those of " +
                   label);
  }
  if (layer.sums.size() != layer.owned.size()) {
    throw BadInput("the divided sums of " + label + " have " + std::to_string(layer.sums.size()) +
                   " shares, which does not suit " + std::to_string(layer.owned.size()) + " ranks");
  }
  const int channels = network.input_shape(position, 0).channels;
  const bool none = std::all_of(layer.sums.begin(), layer.sums.end(),
                                [](const SumShare& share) { return share.box.empty(); });
  for (const SumShare& share : layer.sums) {
    if (none || (!share.box.empty() && !holds_channels_once(layer.sums, share.box, channels))) {
      throw BadInput("the divided sums of " + label + " must be over every input channel once");
    }
  }
  check_cells(layer, network.layer(position).output, label);
}

void check_plan(const Plan& plan, const Network& network) {
  check_layouts(plan, network);
  for (int i = 0; i < network.size(); ++i) {
    if (plan.layer(i).divides_sums()) check_sums(plan.layer(i), network, i);
  }
}

}  // namespace vpinfer
