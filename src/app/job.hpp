#pragma once

#include <memory>
#include <string>

#include "app/options.hpp"
#include "comm/mpi_session.hpp"
#include "exec/weights.hpp"
#include "plan/exchange.hpp"

namespace vpinfer {

/// What all ranks of a job agree on.  Rank 0 reads it from the model and tells the others.
struct Agreement {
  Network network;
  Plan plan;
  std::string checksum;
  bool partitioned = false;
};

/// How many frames are under way at the same time.
struct InFlight {
  int frames = 1;  ///< in the whole job
  int lanes = 1;   ///< in one rank's memory
};

/// Opens the model on rank 0, takes its partition, the given plan or a new one, and spreads the
/// result.  No rank has more threads than `most_threads`.  `model` is set on rank 0 only.
/// Collective.
[[nodiscard]] Agreement agree(MpiSession& session, const RunOptions& options, int most_threads,
                              std::unique_ptr<ModelFile>& model);

/// One frame at a time, or, of many, several: as many as --in-flight says, or two, or two per stage
/// of a pipeline.  A rank keeps two of a pipeline's frames, one to compute and one to receive, or
/// one if the memory limit does not allow for two.
[[nodiscard]] InFlight choose_in_flight(const RunOptions& options, const Agreement& agreement,
                                        const Delivery& delivery, int most_threads,
                                        bool many_frames);

/// Rank 0's choice, on every rank.  Collective.
[[nodiscard]] InFlight agree(MpiSession& session, const InFlight& choice);

/// This rank's weights: from its own copy of the model (or of its share) if it has one, otherwise
/// served by rank 0, layer by layer, which holds one slice of one layer more meanwhile.  Throws
/// BadInput if the copies differ.  Collective.
[[nodiscard]] Weights load_rank_weights(MpiSession& session, const RunOptions& options,
                                        const Agreement& agreement, const ModelFile* model);

}  // namespace vpinfer
