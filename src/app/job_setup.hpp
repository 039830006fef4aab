#pragma once

#include "app/options.hpp"
#include "app/pictures.hpp"
#include "io/model_file.hpp"
#include "session/job.hpp"

namespace vpinfer {

/// The network and its plan: the partition's of a partitioned model, the given one, or a new one;
/// and what of each frame is delivered: the results and the layers to dump.  No rank has more
/// threads than `most_threads`.  Throws BadUsage or BadInput.
[[nodiscard]] Job plan_job(const RunOptions& options, const ModelFile& model, int ranks,
                           int most_threads);

/// Refuses before a run what would only fail after it: output files that cannot be written, inputs
/// and models that do not go with the options.
void check_output_files(const RunOptions& options);
void check_possible(const RunOptions& options, const ModelFile& model, const FrameSource& source);

/// The job with as many frames in flight as the options and `source` call for.  Throws Error with
/// kNotEnoughMemory if that takes more than the limit.
[[nodiscard]] Job with_frames_in_flight(Job job, const RunOptions& options,
                                        const FrameSource& source, int most_threads);

}  // namespace vpinfer
