#pragma once

#include <filesystem>
#include <functional>

#include "exec/weights.hpp"
#include "io/model_file.hpp"
#include "session/job.hpp"

namespace vpinfer {

/// Rank 0's weights, from the model at `path`, which is open, or from its share beside that.  Also
/// serves the ranks that have no copy, layer by layer: it holds one slice of one layer more
/// meanwhile.  The other ranks are in `load_weights`.  Throws BadInput if a share is missing here
/// and there, damaged or another's.
[[nodiscard]] Weights load_and_serve_weights(Channel& channel, const Job& job,
                                             const ModelFile& model,
                                             const std::filesystem::path& path,
                                             const LayerLoaded& loaded = {});

/// The other ranks' weights: from the copy of the model (or of this rank's share) that this host
/// has at `path`, otherwise served by rank 0.  Throws BadInput if the copy is damaged or not of
/// rank 0's model.
[[nodiscard]] Weights load_weights(Channel& channel, const Job& job,
                                   const std::filesystem::path& path);

/// All weights of a plan on which rank 0 computes alone; takes no part in the channel.
[[nodiscard]] Weights load_alone(const Job& job, const ModelFile& model, const LayerLoaded& loaded);

}  // namespace vpinfer
