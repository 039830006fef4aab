#pragma once

#include <string>

#include "app/options.hpp"
#include "vpinfer/model.hpp"

namespace vpinfer {

/// What running a model on a cluster would bring: a table of numbers of hosts, strategies and wire
/// formats with predicted times, memory and bytes, and one recommendation with the command to type.
/// A number of hosts takes the first of the cluster.
[[nodiscard]] std::string verdict_on(const Model& model, const Cluster& cluster,
                                     const PlanOptions& options);

}  // namespace vpinfer
