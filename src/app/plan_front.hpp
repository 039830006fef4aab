#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "app/options.hpp"
#include "report/front_table.hpp"
#include "vpinfer/model.hpp"

namespace vpinfer {

/// What `plan --front` lets users choose from.
struct ListedFront {
  std::vector<PredictedPlan> plans;  ///< by number, from 1; the fastest for a frame alone first
  std::size_t left_out = 0;          ///< that a plan among these comes close to
  std::vector<ComparedStrategy> strategies;
};

/// The front of the model's plans, thinned out, and the strategies.  Throws Error with
/// kNotEnoughMemory, naming the host, if no plan fits.
[[nodiscard]] ListedFront list_front(const Model& model, const Cluster& cluster,
                                     const PlanningOptions& planning);

/// The plan of this number.  Throws BadUsage if there is none.
[[nodiscard]] const PredictedPlan& picked(const ListedFront& listed, int number);

/// A table, and how to take one of the plans.
[[nodiscard]] std::string describe_listed(const ListedFront& listed, const Model& model,
                                          const Cluster& cluster, const PlanOptions& options);

/// A picture, as SVG.
[[nodiscard]] std::string draw_listed(const ListedFront& listed, const Model& model,
                                      const Cluster& cluster, const PlanOptions& options);

}  // namespace vpinfer
