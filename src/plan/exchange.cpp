#include "vpinfer/plan/exchange.hpp"

#include <algorithm>

#include "vpinfer/base/error.hpp"
#include "vpinfer/plan/geometry.hpp"

namespace vpinfer {
namespace {

bool delivered_to(const Delivery& delivery, int position, int rank) {
  return rank == 0 && std::binary_search(delivery.begin(), delivery.end(), position);
}

/// What is needed and not owned, cut into disjoint boxes.
std::vector<Box> missing_boxes(const std::vector<Box>& needed, const Box& owned) {
  std::vector<Box> missing;
  for (const Box& box : needed) {
    std::vector<Box> fresh = subtract(box, owned);
    for (const Box& known : missing) fresh = subtract(fresh, known);
    missing.insert(missing.end(), fresh.begin(), fresh.end());
  }
  return missing;
}

/// All ranks but `rank`, nearest first.
std::vector<int> peers_by_distance(int rank, int ranks) {
  std::vector<int> peers;
  for (int distance = 1; distance < ranks; ++distance) {
    if (rank - distance >= 0) peers.push_back(rank - distance);
    if (rank + distance < ranks) peers.push_back(rank + distance);
  }
  return peers;
}

void collect_transfers(const Layout& layout, int rank, std::vector<Box> missing,
                       std::vector<Transfer>& transfers) {
  const auto first = static_cast<std::ptrdiff_t>(transfers.size());
  for (const int peer : peers_by_distance(rank, static_cast<int>(layout.size()))) {
    if (missing.empty()) break;
    const Box& owned = layout[static_cast<std::size_t>(peer)];
    for (const Box& box : missing) {
      const Box part = intersect(box, owned);
      if (!part.empty()) transfers.push_back({peer, rank, part});
    }
    missing = subtract(missing, owned);
  }
  if (!missing.empty()) throw Bug("nobody owns " + to_string(missing.front()));
  std::stable_sort(transfers.begin() + first, transfers.end(),
                   [](const Transfer& a, const Transfer& b) { return a.from < b.from; });
}

}  // namespace

std::vector<Box> needed_boxes(const Network& network, const Plan& plan, const Delivery& delivery,
                              int position, int rank) {
  if (delivered_to(delivery, position, rank)) return {whole(network.layer(position).output)};
  std::vector<Box> needed;
  for (int consumer = position + 1; consumer < network.size(); ++consumer) {
    const Layer& layer = network.layer(consumer);
    for (std::size_t index = 0; index < layer.inputs.size(); ++index) {
      if (layer.inputs[index] != position) continue;
      const Box box = required_input(network, consumer, index, plan.owned(consumer, rank));
      if (!box.empty()) needed.push_back(box);
    }
  }
  return needed;
}

Box hull_of_needs(const Network& network, const Plan& plan, const Delivery& delivery, int position,
                  int rank) {
  Box all;
  for (const Box& box : needed_boxes(network, plan, delivery, position, rank)) all = hull(all, box);
  return all;
}

std::vector<Transfer> exchange(const Network& network, const Plan& plan, const Delivery& delivery,
                               int position) {
  std::vector<Transfer> transfers;
  const Layout& layout = plan.layouts[static_cast<std::size_t>(position)];
  for (int rank = 0; rank < plan.ranks; ++rank) {
    const std::vector<Box> needed = needed_boxes(network, plan, delivery, position, rank);
    collect_transfers(layout, rank, missing_boxes(needed, plan.owned(position, rank)), transfers);
  }
  return transfers;
}

std::size_t bytes_moved(const Network& network, const Plan& plan, const Delivery& delivery) {
  std::size_t bytes = 0;
  for (int position = 0; position < network.size(); ++position) {
    for (const Transfer& transfer : exchange(network, plan, delivery, position)) {
      bytes += transfer.box.bytes();
    }
  }
  return bytes;
}

}  // namespace vpinfer
