#pragma once

#include <cstddef>
#include <vector>

#include "search/search.hpp"
#include "search/stage_costs.hpp"

namespace vpinfer {

/// Stages of consecutive layers, each on one host or a team of hosts that follow each other.  A
/// digit for every layer with windows in a stage of several hosts: how they cut it, of `grids`.
class Stages final : public Space {
 public:
  struct Limits {
    int largest_team = 1;
    std::vector<std::size_t> bytes{};  ///< by rank: what it may take
    std::vector<int> ranks{};          ///< that take part, in this order; empty: all
  };

  /// Begins with the stages of which the slowest takes least time, and of those with the ones that
  /// hand on least; links count where stages may have teams.  No rank takes more memory than its
  /// limit if that can be.  The evaluator must outlive the space; `usual` says what all choices
  /// have in common.
  Stages(const Evaluator& evaluator, Choice usual, const Limits& limits);

  [[nodiscard]] std::vector<Digits> starts() const override;
  [[nodiscard]] std::vector<int> values() const override;
  [[nodiscard]] Choice choice(const Digits& digits) const override;
  [[nodiscard]] bool may_move_islands() const override { return false; }

 private:
  struct Stage {
    Interval positions;
    std::vector<Division> ways;
    int start = 0;  ///< the way to begin with
  };

  [[nodiscard]] std::vector<Stage> cut(const StageCosts& costs,
                                       const std::vector<std::size_t>& limits) const;
  void keep_within(const Evaluator& evaluator, const StageCosts& costs,
                   const std::vector<std::size_t>& limits);
  /// Whether how a layer is cut is a choice.
  [[nodiscard]] bool is_free(const Stage& stage, int position) const;

  const Network& network_;
  Choice usual_;
  std::vector<int> ranks_;      // that take part
  std::vector<double> speeds_;  // of them
  std::vector<Stage> stages_;
};

}  // namespace vpinfer
