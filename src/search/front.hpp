#pragma once

#include <cstddef>
#include <vector>

#include "vpinfer/plan.hpp"
#include "vpinfer/planning.hpp"
#include "vpinfer/prediction.hpp"

namespace vpinfer {

/// A plan and what it takes on a cluster.
struct PredictedPlan {
  Plan plan;
  Prediction prediction;
};

/// What an objective makes small: bytes of the fullest rank, seconds of a frame alone or seconds
/// between frames.
[[nodiscard]] double amount_of(Objective objective, const Prediction& prediction);

/// Whether one takes no more than the other of anything, or no more than so many times as much.
[[nodiscard]] bool takes_no_more(const Prediction& one, const Prediction& other, double times = 1);

/// The Pareto front: plans of which none beats another.  Each takes less memory on its fullest
/// rank, less time for a frame alone or less time between frames than any other one.
class Front {
 public:
  /// Keeps a plan unless another one takes no more of anything; those that it beats go.
  void add(PredictedPlan plan);

  /// In the order in which they came.
  [[nodiscard]] const std::vector<PredictedPlan>& plans() const { return plans_; }

 private:
  std::vector<PredictedPlan> plans_;
};

/// The index of the plan that takes the least of what an objective makes small; there is a plan.
[[nodiscard]] std::size_t best_for(Objective objective, const std::vector<PredictedPlan>& plans);

/// From how many times as much a difference is worth a choice.
inline constexpr double kNotablyMore = 1.02;

/// A front that can be read, in the order that it had: the best for each objective, and others only
/// if each plan that is kept takes more than `times` as much of something.  (Laumanns et al.,
/// Combining convergence and diversity in evolutionary multiobjective optimization, 2002, call what
/// is left an approximate Pareto set.)
[[nodiscard]] std::vector<PredictedPlan> thin_out(std::vector<PredictedPlan> plans,
                                                  double times = kNotablyMore);

}  // namespace vpinfer
