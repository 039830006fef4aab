#include "plan/exchange.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// What is needed and not owned, cut into disjoint boxes.
std::vector<Box> missing_boxes(const std::vector<Box>& needed, const Box& owned) {
  std::vector<Box> missing;
  for (const Box& box : needed) {
    for (const Box& part : subtract(box, owned)) {
      const std::vector<Box> fresh = uncovered(part, missing);
      missing.insert(missing.end(), fresh.begin(), fresh.end());
    }
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

/// Whether a layer and all who read it are.
bool have_same_exchange(const Demand& demand, const Plan& a, const Plan& b, int position) {
  const std::vector<Demand::Reader>& readers = demand.readers(position);
  return are_planned_alike(a, b, position) &&
         std::all_of(readers.begin(), readers.end(), [&](const Demand::Reader& reader) {
           return are_planned_alike(a, b, reader.position);
         });
}

}  // namespace

std::vector<Transfer> transfers_of_output(const Demand& demand, const Distribution& distribution,
                                          int position) {
  std::vector<Transfer> transfers;
  const Layout& layout = distribution.plan().layer(position).owned;
  for (int rank = 0; rank < distribution.ranks(); ++rank) {
    const std::vector<Box> needed = demand.needed(distribution, position, rank);
    collect_transfers(layout, rank, missing_boxes(needed, distribution.owned(position, rank)),
                      transfers);
  }
  return transfers;
}

std::vector<Transfer> transfers_of_sums(const Distribution& distribution, int position) {
  std::vector<Transfer> transfers;
  for (int owner = 0; owner < distribution.ranks(); ++owner) {
    const Box& owned = distribution.owned(position, owner);
    for (int rank = 0; rank < distribution.ranks(); ++rank) {
      const Box box = intersect(owned, distribution.computed(position, rank));
      if (rank != owner && !box.empty()) transfers.push_back({rank, owner, box});
    }
  }
  return transfers;
}

Exchange::Exchange(int ranks, WireFormat wire, const std::vector<Transfer>& transfers)
    : wire_(wire), shares_(static_cast<std::size_t>(ranks)) {
  boxes_.reserve(transfers.size());
  for (const Transfer& transfer : transfers) {
    if (parcels_.empty() || parcels_.back().from != transfer.from ||
        parcels_.back().to != transfer.to) {
      parcels_.push_back(
          {transfer.from, transfer.to, static_cast<std::uint32_t>(boxes_.size()), 0});
    }
    boxes_.push_back(transfer.box);
    ++parcels_.back().boxes;
  }
  for (std::size_t i = 0; i < parcels_.size(); ++i) {
    const Message sent = message(parcels_[i]);
    Share& receiver = shares_[static_cast<std::size_t>(sent.to)];
    Share& sender = shares_[static_cast<std::size_t>(sent.from)];
    if (receiver.received++ == 0) receiver.first_received = i;
    ++sender.sent;
    receiver.received_bytes += sent.bytes;
    sender.sent_bytes += sent.bytes;
  }
  std::size_t first = 0;
  for (Share& share : shares_) share.first_sent = std::exchange(first, first + share.sent);
  by_sender_.resize(parcels_.size());
  std::iota(by_sender_.begin(), by_sender_.end(), 0U);
  std::stable_sort(by_sender_.begin(), by_sender_.end(), [this](std::uint32_t a, std::uint32_t b) {
    return parcels_[a].from < parcels_[b].from;
  });
}

Message Exchange::message(const Parcel& parcel) const {
  const std::span<const Box> boxes = std::span(boxes_).subspan(parcel.first_box, parcel.boxes);
  Message message{parcel.from, parcel.to, boxes};
  for (const Box& box : boxes) message.bytes += bytes_of(wire_, box.elements());
  return message;
}

std::vector<Message> Exchange::to(int rank) const {
  const Share& own = share(rank);
  std::vector<Message> messages;
  messages.reserve(own.received);
  for (std::size_t i = 0; i < own.received; ++i) {
    messages.push_back(message(parcels_[own.first_received + i]));
  }
  return messages;
}

std::vector<Message> Exchange::from(int rank) const {
  const Share& own = share(rank);
  std::vector<Message> messages;
  messages.reserve(own.sent);
  for (std::size_t i = 0; i < own.sent; ++i) {
    messages.push_back(message(parcels_[by_sender_[own.first_sent + i]]));
  }
  return messages;
}

std::size_t Exchange::messages(int rank) const {
  return share(rank).received + share(rank).sent;
}

std::size_t Exchange::received_bytes(int rank) const {
  return share(rank).received_bytes;
}

std::size_t Exchange::sent_bytes(int rank) const {
  return share(rank).sent_bytes;
}

std::size_t Exchange::bytes() const {
  std::size_t bytes = 0;
  for (const Share& share : shares_) bytes += share.sent_bytes;
  return bytes;
}

Exchanges::Exchanges(const Demand& demand, const Distribution& distribution)
    : Exchanges(demand, distribution, {}, {}) {}

Exchanges::Exchanges(const Demand& demand, const Distribution& distribution, const Plan& known_plan,
                     const Exchanges& known) {
  const Plan& plan = distribution.plan();
  const auto exchange = [&](WireFormat wire, const std::vector<Transfer>& transfers) {
    return std::make_shared<const Exchange>(plan.ranks, wire, transfers);
  };
  for (int position = 0; position < demand.network().size(); ++position) {
    outputs_.push_back(have_same_exchange(demand, plan, known_plan, position)
                           ? known.output(position)
                           : exchange(plan.layer(position).wire,
                                      transfers_of_output(demand, distribution, position)));
    sums_.push_back(
        !plan.layer(position).divides_sums() ? nullptr
        : are_planned_alike(plan, known_plan, position)
            ? known.sums(position)
            : exchange(plan.layer(position).sums_wire, transfers_of_sums(distribution, position)));
  }
}

std::size_t Exchanges::bytes() const {
  std::size_t bytes = 0;
  for (const Shared& output : outputs_) bytes += output->bytes();
  for (const Shared& sums : sums_) bytes += sums ? sums->bytes() : 0;
  return bytes;
}

}  // namespace vpinfer
