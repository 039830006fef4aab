#pragma once

#include <cstddef>
#include <vector>

#include "plan/demand.hpp"
#include "search/evaluation.hpp"

namespace vpinfer {

/// Where the islands of a network may be computed under a plan.  Those that read each other, and
/// the layers that they take along, stay together as a group.
class IslandPlaces {
 public:
  /// The network must outlive it.
  explicit IslandPlaces(const Network& network);

  [[nodiscard]] std::size_t groups() const { return groups_.size(); }

  /// The plans that compute one group elsewhere: whole on rank 0, on the rank that has the most of
  /// what it reads, on the one whose memory is the least taken, on the fastest; a small one on
  /// every rank, as far as that reads it.
  [[nodiscard]] std::vector<Plan> alternatives(const Evaluation& evaluation, std::size_t group,
                                               const Cluster& cluster) const;

 private:
  using Group = std::vector<int>;  // positions, in increasing order

  [[nodiscard]] std::vector<int> ranks_for(const Evaluation& evaluation, const Group& group,
                                           const Cluster& cluster) const;
  [[nodiscard]] Plan on_one(Plan plan, const Group& group, int rank) const;
  [[nodiscard]] Plan repeated(Plan plan, const Group& group) const;
  [[nodiscard]] bool is_small(const Group& group) const;

  Demand readers_;
  std::vector<Group> groups_;
};

}  // namespace vpinfer
