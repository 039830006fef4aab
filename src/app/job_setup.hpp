#pragma once

#include "app/crew.hpp"
#include "app/options.hpp"
#include "app/pictures.hpp"
#include "vpinfer/session.hpp"

namespace vpinfer {

/// The partition's plan of a partitioned model, the given one, or a new one.  Throws BadUsage or
/// BadInput.
[[nodiscard]] Plan choose_plan(const RunOptions& options, const Model& model, const Crew& crew,
                               const std::optional<Cluster>& cluster);

/// Refuses before a run what would only fail after it: output files that cannot be written, inputs
/// and models that do not go with the options.
void check_output_files(const RunOptions& options);
void check_possible(const RunOptions& options, const Model& model, const FrameSource& source);

/// What the options and `source` call for.  Throws BadUsage, or Error with kNotEnoughMemory if the
/// frames in flight take more than the limit.
[[nodiscard]] JobOptions job_options(const RunOptions& options, const Model& model,
                                     const Plan& plan, const FrameSource& source, const Crew& crew,
                                     const std::optional<Cluster>& cluster);

}  // namespace vpinfer
