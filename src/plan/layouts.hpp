#pragma once

#include <vector>

#include "plan/exchange.hpp"
#include "plan/plan.hpp"

namespace vpinfer {

/// How one layer's output is divided among the ranks.  kSums is channel shares too, but the input
/// channels are divided as well: what a rank owns is added up from all ranks' partial sums.
struct Division {
  enum class Kind { kTiles, kChannelShares, kSums, kOneRank };
  Kind kind = Kind::kTiles;
  int rank = 0;  ///< of kOneRank
  bool operator==(const Division&) const = default;
};

/// One division per layer, by position.
using Divisions = std::vector<Division>;

/// Layers that every rank computes as far as it reads them, instead of receiving them; by position.
using Repeated = std::vector<bool>;

/// Convolutions and poolings: the layers whose division is a choice.  The others are best divided
/// like what they read.
[[nodiscard]] bool has_windows(const Layer& layer);
/// The positions of layers with windows, in increasing order.
[[nodiscard]] std::vector<int> layers_with_windows(const Network& network);

/// Layers that are cheaper to repeat than to send: those without arithmetic, and resizes that give
/// more than they take.
[[nodiscard]] Repeated cheaper_repeated(const Network& network);

/// A plan without layouts, completed: every layer is divided as told, but the input and the heads
/// stay on rank 0 and repeated layers are owned where they are read.  What has no divisible sums
/// gets channel shares instead.
[[nodiscard]] Plan with_layouts(Plan undivided, const Demand& demand, const Divisions& divisions,
                                const Repeated& repeated);

}  // namespace vpinfer
