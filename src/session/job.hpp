#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "comm/channel.hpp"
#include "plan/demand.hpp"
#include "vpinfer/session.hpp"

namespace vpinfer {

/// What all ranks of a job must know alike.  Rank 0 makes it and sends it once.
struct Job {
  Network network{};
  Plan plan{};
  Delivery delivery{};       ///< of every frame
  std::string checksum{};    ///< of the model, see ModelFile
  bool partitioned = false;  ///< the model: a rank may have its share only
  InFlight in_flight{};
  std::chrono::duration<double> timeout{60};  ///< of a wait for a peer while a frame runs, see
                                              ///< RankOptions

  /// Who owns, computes and stores what; as long as the job lives.
  [[nodiscard]] Distribution distribution() const { return {network, plan}; }
};

/// The results of a network and the layers at further positions.  Throws BadUsage if there is no
/// such layer.
[[nodiscard]] Delivery delivery_of(const Network& network, const std::vector<int>& further);

/// The same job, one frame at a time, with every layer's output brought to rank 0.
[[nodiscard]] Job delivering_everything(Job job);

/// Round trip through JSON text.
[[nodiscard]] std::string to_json(const Job& job);
/// Throws BadInput, beginning with `where`, if the text is no job.
[[nodiscard]] Job job_from_json(const std::string& text, const std::string& where);

/// Rank 0: sends the job to the other ranks, which are in `await_job`.
void send_job(Channel& channel, const Job& job);
/// The other ranks' part.  Throws as `job_from_json` and Channel do.
[[nodiscard]] Job await_job(Channel& channel, const std::string& where);

/// What bears on the number of frames under way.
struct InFlightLimits {
  std::optional<int> asked{};               ///< frames; nothing: as many as pay
  bool many_frames = false;                 ///< there are, to be run
  int threads = 1;                          ///< at most, of any rank
  std::vector<std::size_t> memory_bytes{};  ///< that each rank may take; empty: no limit
};

/// One frame at a time, or, of many, several: as many as are asked for, or two, or two per stage of
/// a pipeline.  A rank keeps two of a pipeline's frames, one to compute and one to receive, or one
/// if some rank's memory does not allow for two.
[[nodiscard]] InFlight choose_in_flight(const Network& network, const Plan& plan,
                                        const Delivery& delivery, const InFlightLimits& limits);

}  // namespace vpinfer
