#pragma once

#include <vector>

#include "plan/demand.hpp"
#include "search/division.hpp"

namespace vpinfer {

/// What a planner decides: a plan follows from it.
struct Choice {
  std::vector<Division> divisions;  ///< by position
  std::vector<bool> repeated;       ///< by position: computed by every rank as far as it reads it,
                                    ///< instead of received
  WireFormat wire = WireFormat::kFloat;
  ConvolutionPath conv = ConvolutionPath::kAuto;
};

/// Convolutions, poolings and attention.  The other layers are best divided like what they read.
[[nodiscard]] bool is_divided_by_choice(const Layer& layer);
/// Their positions, in increasing order.
[[nodiscard]] std::vector<int> layers_divided_by_choice(const Network& network);

/// Whether every rank may as well compute what it reads of a layer as receive it: what has no
/// arithmetic, and resizes that give more than they take.
[[nodiscard]] bool is_cheaper_repeated(const Network& network, int position);
/// The input and the heads: a detector's head is small and its boxes are decoded on rank 0.
[[nodiscard]] bool stays_on_rank_0(const Layer& layer);

/// By position, whether a layer is an island, or reads one first and is not divided by choice: it
/// would only travel to be divided.
[[nodiscard]] std::vector<bool> layers_with_islands(const Network& network);
/// An island, which cannot be divided, on the rank that would have the largest share of it, and
/// with it what it takes along.
void follow_islands(const Network& network, Choice& choice);

/// Every layer divided alike, and repeated where that is cheaper than to send it.
[[nodiscard]] Choice divide_alike(const Network& network, const Division& division);

/// The same in these formats, where they are told.
[[nodiscard]] Choice divide_alike(const Network& network, const Division& division,
                                  const Formats& formats);

/// Lets every rank compute what it reads of a layer instead of receiving it, if all together read
/// all of it.  `readers` is a demand without delivery.
void own_where_read(const Demand& readers, int position, Plan& plan);

/// The plan of a choice on so many ranks.  What stays on rank 0 does so all the same; what has no
/// sums to divide gets shares of its channels instead; repeated layers are owned where they are
/// read.  `readers` is a demand without delivery.  Layers that are divided as in a known choice,
/// which may be empty, are taken from its plan on as many ranks.
[[nodiscard]] Plan plan_of(const Choice& choice, const Demand& readers, Strategy strategy,
                           int ranks, const Choice& known_choice = {}, const Plan& known_plan = {});

}  // namespace vpinfer
