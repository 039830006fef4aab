#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "search/evaluation.hpp"

namespace vpinfer {

/// What stages of consecutive layers take between two frames of a stream, each on a team of hosts
/// that follow each other and cut all layers of the stage in the same way.  An estimate: every
/// layer is looked at among its like on hosts like the first, of which a team has as many as its
/// hosts are worth.
class StageCosts {
 public:
  /// What a stage takes: its busiest processor's time, or that of its link if it is more.  Without
  /// links, a network that moves more than it computes is still spread over all hosts.
  enum class Counts { kProcessors, kProcessorsAndLinks };

  /// Stages begin at some of the `cuts`, positions of which the first is 0; teams have one of some
  /// `sizes`.  `usual` says what all choices have in common.
  StageCosts(const Network& network, Cluster cluster, const Choice& usual, std::vector<int> cuts,
             std::vector<int> sizes, Counts counts);

  /// How many runs of layers there are from one cut to the next.
  [[nodiscard]] int runs() const { return static_cast<int>(cuts_.size()) - 1; }
  /// The positions of some of them.
  [[nodiscard]] Interval positions(Interval runs) const;
  [[nodiscard]] const std::vector<int>& sizes() const { return sizes_; }

  struct Cost {
    double seconds = 0;
    double handed_on_bytes = 0;  ///< to later stages
    std::size_t way = 0;         ///< of `grids`
  };
  /// Of the cheapest way in which no host takes more than its limit; none if there is no such way.
  [[nodiscard]] std::optional<Cost> cost(Interval runs, Interval hosts,
                                         const std::vector<std::size_t>& limits) const;

 private:
  /// What the busiest host has to do for some runs.
  struct Load {
    double seconds = 0;             // of its processor
    double moved_bytes = 0;         // within the team
    std::size_t weights_bytes = 0;  // kept between frames
  };
  /// For one way to cut all layers, by cut: the load of all runs before it.
  using Way = std::vector<Load>;

  [[nodiscard]] Way loads(const Evaluator& team, const Choice& choice) const;
  void look_at_activations(const Network& network);
  void look_at_crossings(const Network& network, const Choice& usual);
  [[nodiscard]] Cost cost_of(std::size_t index, const std::vector<Way>& ways, Interval runs,
                             Interval hosts) const;
  [[nodiscard]] std::size_t bytes(const Way& way, Interval runs, Interval hosts) const;

  Cluster cluster_;
  std::vector<int> cuts_;  // and the end
  std::vector<int> sizes_;
  Counts counts_;
  std::vector<double> worth_;                   // by host: its speed, the first one's is 1
  std::vector<std::vector<Way>> ways_;          // by index of the size, then way
  std::vector<std::size_t> activations_bytes_;  // by run: of its largest layer and what that reads
  std::vector<double> crossing_bytes_;          // by cut: what is read behind it
};

}  // namespace vpinfer
