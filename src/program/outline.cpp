#include "program/outline.hpp"

#include <algorithm>
#include <set>
#include <span>
#include <utility>
#include <variant>

#include "plan/geometry.hpp"

namespace vpinfer {
namespace {

/// Whether a part of a stored box lies in memory without gaps.
bool is_contiguous(const Box& stored, const Box& part) {
  const bool whole_pixels = part.channels == stored.channels;
  const bool one_row = part.rows.size() == 1;
  if (whole_pixels && (one_row || part.cols == stored.cols)) return true;
  return one_row && part.cols.size() == 1;
}

struct LessBoxes {
  bool operator()(std::span<const Box> a, std::span<const Box> b) const {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
  }
};

/// How a message is staged of which the earlier ones to or from a stored box packed these boxes.
using PackedBoxes = std::set<std::span<const Box>, LessBoxes>;
Staging stage(const Message& message, WireFormat wire, const Box& stored, PackedBoxes& packed) {
  const bool in_place = is_as_in_memory(wire) && message.boxes.size() == 1 &&
                        is_contiguous(stored, message.boxes.front());
  if (in_place) return Staging::kInPlace;
  return packed.insert(message.boxes).second ? Staging::kPacked : Staging::kShared;
}

MessageRoom room_of(const std::vector<StagedMessage>& messages) {
  MessageRoom room{messages.size()};
  for (const StagedMessage& message : messages) {
    if (message.staging == Staging::kPacked) room.packed_bytes += message.bytes;
    room.any_in_place = room.any_in_place || message.staging == Staging::kInPlace;
  }
  return room;
}

void add_rooms(TensorOutline& tensor, const Exchange& exchange, int rank) {
  tensor.receives = room_of(staged_receives(tensor, exchange, rank));
  tensor.sends = room_of(staged_sends(tensor, exchange, rank));
}

TensorOutline outline_output(const Traffic& traffic, int position, int rank) {
  const auto& [demand, distribution, exchanges] = traffic;
  const Exchange& exchange = *exchanges.output(position);
  TensorOutline tensor{.position = position};
  const Box& owned = distribution.owned(position, rank);
  const Box needed = demand.hull_of_needs(distribution, position, rank);
  const Box both = hull(owned, needed);
  const bool smaller_apart = both.elements() > owned.elements() + needed.elements();
  // The whole input goes as soon as it is sent; rank 0 then keeps its part like the others.
  const bool leaves = position == 0 && exchange.sent_bytes(rank) > 0;
  tensor.apart = !owned.empty() && !needed.empty() && (smaller_apart || leaves);
  tensor.written = tensor.apart ? owned : both;
  tensor.read = tensor.apart ? needed : both;
  add_rooms(tensor, exchange, rank);
  return tensor;
}

TensorOutline outline_sums(const Traffic& traffic, int position, int rank) {
  const Exchange& exchange = *traffic.exchanges.sums(position);
  TensorOutline tensor{.position = position, .is_partial = true};
  tensor.written = traffic.distribution.computed(position, rank);
  add_rooms(tensor, exchange, rank);
  return tensor;
}

/// Appends the partial sums to the outputs, which come to know where they are.
TensorOutlines joined(TensorOutlines outputs, const TensorOutlines& sums) {
  for (const TensorOutline& tensor : sums) {
    outputs[static_cast<std::size_t>(tensor.position)].partial_sums =
        static_cast<int>(outputs.size());
    outputs.push_back(tensor);
  }
  return outputs;
}

/// How a rank computes a max pooling together with the convolution before it.  It does if nobody
/// else reads what lies between them, here or on another rank.
std::optional<Strips> strips_of(const TensorOutlines& tensors, const Traffic& traffic, int position,
                                int rank, int threads) {
  const auto& [demand, distribution, exchanges] = traffic;
  const Network& network = demand.network();
  if (!std::holds_alternative<MaxPool>(network.layer(position).operation)) return std::nullopt;
  const int between = network.layer(position).inputs.front();
  const Box& box = distribution.owned(position, rank);
  const TensorOutline& convolved = tensors[static_cast<std::size_t>(between)];
  const bool moves = convolved.sends.messages + convolved.receives.messages > 0;
  const bool is_convolution = std::holds_alternative<Convolution>(network.layer(between).operation);
  if (!is_convolution || box.empty() || moves || convolved.partial_sums ||
      demand.readers(between).size() > 1 || demand.is_delivered_to(between, 0) ||
      !distribution.owned(between, rank).contains(required_input(network, position, 0, box))) {
    return std::nullopt;
  }
  const auto rows = usual_strip_rows(pooled_convolution(network, between, position), box, threads);
  return rows ? std::optional(Strips{between, *rows}) : std::nullopt;
}

}  // namespace

std::vector<StagedMessage> staged_receives(const TensorOutline& tensor, const Exchange& exchange,
                                           int rank) {
  std::vector<StagedMessage> staged;
  PackedBoxes packed;
  for (const Message& message : exchange.to(rank)) {
    staged.push_back({message.from, message.boxes, message.bytes,
                      tensor.is_partial ? Staging::kPacked
                                        : stage(message, exchange.wire(), tensor.read, packed)});
  }
  return staged;
}

std::vector<StagedMessage> staged_sends(const TensorOutline& tensor, const Exchange& exchange,
                                        int rank) {
  std::vector<StagedMessage> staged;
  PackedBoxes packed;
  for (const Message& message : exchange.from(rank)) {
    staged.push_back({message.to, message.boxes, message.bytes,
                      stage(message, exchange.wire(), tensor.written, packed)});
  }
  return staged;
}

Outlines::Outlines(const Traffic& traffic) : Outlines(traffic, {}, {}) {}

Outlines::Outlines(const Traffic& traffic, const Exchanges& known_exchanges,
                   const Outlines& known) {
  const auto of_all_ranks = [&](const auto& outline) {
    TensorOutlines tensors;
    for (int rank = 0; rank < traffic.distribution.ranks(); ++rank)
      tensors.push_back(outline(rank));
    return std::make_shared<const TensorOutlines>(std::move(tensors));
  };
  for (int position = 0; position < traffic.demand.network().size(); ++position) {
    const auto at = static_cast<std::size_t>(position);
    const Exchanges::Shared& output = traffic.exchanges.output(position);
    const bool knows_output = !known.outputs_.empty() && output == known_exchanges.output(position);
    outputs_.push_back(knows_output ? known.outputs_[at] : of_all_ranks([&](int rank) {
      return outline_output(traffic, position, rank);
    }));
    const Exchanges::Shared& sums = traffic.exchanges.sums(position);
    const bool knows_sums = !known.sums_.empty() && sums == known_exchanges.sums(position);
    sums_.push_back(!sums        ? nullptr
                    : knows_sums ? known.sums_[at]
                                 : of_all_ranks([&](int rank) {
                                     return outline_sums(traffic, position, rank);
                                   }));
  }
}

TensorOutlines Outlines::of(int rank) const {
  const auto at = static_cast<std::size_t>(rank);
  TensorOutlines outputs;
  TensorOutlines sums;
  for (const ByRank& of_output : outputs_) outputs.push_back((*of_output)[at]);
  for (const ByRank& of_sums : sums_) {
    if (of_sums) sums.push_back((*of_sums)[at]);
  }
  return joined(std::move(outputs), sums);
}

TensorOutlines outline_tensors(const Traffic& traffic, int rank) {
  TensorOutlines outputs;
  TensorOutlines sums;
  for (int position = 0; position < traffic.demand.network().size(); ++position) {
    outputs.push_back(outline_output(traffic, position, rank));
    if (traffic.exchanges.sums(position)) sums.push_back(outline_sums(traffic, position, rank));
  }
  return joined(std::move(outputs), sums);
}

TensorOutlines with_strips(TensorOutlines tensors, const Traffic& traffic, int rank, int threads) {
  for (int position = 0; position < traffic.demand.network().size(); ++position) {
    const auto strips = strips_of(tensors, traffic, position, rank, threads);
    if (!strips) continue;
    tensors[static_cast<std::size_t>(position)].strips = strips;
    TensorOutline& between = tensors[static_cast<std::size_t>(strips->convolution)];
    between.in_strips = true;
    between.written = between.read = {};
  }
  return tensors;
}

}  // namespace vpinfer
