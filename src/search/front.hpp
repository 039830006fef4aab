#pragma once

#include <vector>

#include "vpinfer/memory.hpp"
#include "vpinfer/plan.hpp"

namespace vpinfer {

/// A plan and what it takes on a cluster.
struct PredictedPlan {
  Plan plan;
  Prediction prediction;
};

/// Plans of which none beats another: each takes less memory on its fullest rank, less time for a
/// frame alone or less time between frames than any other one.
class Front {
 public:
  /// Keeps a plan unless another one takes no more of anything; those that it beats go.
  void add(PredictedPlan plan);

  /// In the order in which they came.
  [[nodiscard]] const std::vector<PredictedPlan>& plans() const { return plans_; }

 private:
  std::vector<PredictedPlan> plans_;
};

}  // namespace vpinfer
