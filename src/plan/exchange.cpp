#include "plan/exchange.hpp"

#include <algorithm>

#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

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

/// Whether a layer is divided in the same way under both plans.
bool is_divided_alike(const Plan& a, const Plan& b, int position) {
  const auto layer = static_cast<std::size_t>(position);
  if (a.layouts.size() != b.layouts.size() || a.layouts[layer] != b.layouts[layer]) return false;
  const auto sums_a = a.sums.find(position);
  const auto sums_b = b.sums.find(position);
  if (sums_a == a.sums.end() || sums_b == b.sums.end()) {
    return sums_a == a.sums.end() && sums_b == b.sums.end();
  }
  return sums_a->second == sums_b->second;
}

/// Whether a layer and all who read it are divided in the same way under both plans.
bool have_same_exchange(const Demand& demand, const Plan& a, const Plan& b, int position) {
  const std::vector<Demand::Reader>& readers = demand.readers(position);
  return is_divided_alike(a, b, position) &&
         std::all_of(readers.begin(), readers.end(), [&](const Demand::Reader& reader) {
           return is_divided_alike(a, b, reader.position);
         });
}

/// All that one rank sends another at once is one message.
std::size_t floats_moved(const std::vector<Transfer>& transfers, WireFormat wire) {
  std::size_t floats = 0;
  for (auto it = transfers.begin(); it != transfers.end();) {
    const Transfer& first = *it;
    std::size_t elements = 0;
    for (; it != transfers.end() && it->from == first.from && it->to == first.to; ++it) {
      elements += it->box.elements();
    }
    floats += wire_floats(wire, elements);
  }
  return floats;
}

}  // namespace

Demand::Demand(const Network& network, Delivery delivery)
    : network_(network), delivery_(std::move(delivery)), readers_(network.layers.size()) {
  for (int position = 0; position < network.size(); ++position) {
    const std::vector<int>& inputs = network.layer(position).inputs;
    for (std::size_t index = 0; index < inputs.size(); ++index) {
      readers_[static_cast<std::size_t>(inputs[index])].push_back({position, index});
    }
  }
}

bool Demand::is_delivered_to(int position, int rank) const {
  return rank == 0 && std::binary_search(delivery_.begin(), delivery_.end(), position);
}

std::vector<Box> needed_boxes(const Demand& demand, const Plan& plan, int position, int rank) {
  const Network& network = demand.network();
  if (demand.is_delivered_to(position, rank)) return {whole(network.layer(position).output)};
  std::vector<Box> needed;
  for (const Demand::Reader& reader : demand.readers(position)) {
    const Box box = read_box(network, plan, reader.position, reader.index, rank);
    if (!box.empty()) needed.push_back(box);
  }
  return needed;
}

Box hull_of_needs(const Demand& demand, const Plan& plan, int position, int rank) {
  Box all;
  for (const Box& box : needed_boxes(demand, plan, position, rank)) all = hull(all, box);
  return all;
}

std::vector<Transfer> exchange(const Demand& demand, const Plan& plan, int position) {
  std::vector<Transfer> transfers;
  const Layout& layout = plan.layouts[static_cast<std::size_t>(position)];
  for (int rank = 0; rank < plan.ranks; ++rank) {
    const std::vector<Box> needed = needed_boxes(demand, plan, position, rank);
    collect_transfers(layout, rank, missing_boxes(needed, plan.owned(position, rank)), transfers);
  }
  return transfers;
}

std::vector<Transfer> exchange_of_sums(const Network& network, const Plan& plan, int position) {
  std::vector<Transfer> transfers;
  for (int owner = 0; owner < plan.ranks; ++owner) {
    const Box& box = plan.owned(position, owner);
    if (box.empty()) continue;
    for (int rank = 0; rank < plan.ranks; ++rank) {
      if (rank == owner || computed_box(network, plan, position, rank).empty()) continue;
      transfers.push_back({rank, owner, box});
    }
  }
  return transfers;
}

Exchanges all_exchanges(const Demand& demand, const Plan& plan) {
  return all_exchanges(demand, plan, {}, {});
}

Exchanges all_exchanges(const Demand& demand, const Plan& plan, const Plan& known_plan,
                        const Exchanges& known) {
  const auto shared = [](std::vector<Transfer> transfers) {
    return std::make_shared<const std::vector<Transfer>>(std::move(transfers));
  };
  Exchanges all;
  for (int position = 0; position < demand.network().size(); ++position) {
    all.outputs.push_back(have_same_exchange(demand, plan, known_plan, position)
                              ? known.outputs[static_cast<std::size_t>(position)]
                              : shared(exchange(demand, plan, position)));
  }
  for (const auto& [position, shares] : plan.sums) {
    all.sums[position] = is_divided_alike(plan, known_plan, position)
                             ? known.sums.at(position)
                             : shared(exchange_of_sums(demand.network(), plan, position));
  }
  return all;
}

std::size_t bytes_moved(const Exchanges& exchanges, WireFormat wire) {
  std::size_t floats = 0;
  for (const auto& output : exchanges.outputs) floats += floats_moved(*output, wire);
  for (const auto& [position, sums] : exchanges.sums) floats += floats_moved(*sums, wire);
  return floats * sizeof(float);
}

}  // namespace vpinfer
