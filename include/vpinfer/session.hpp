#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "vpinfer/error.hpp"
#include "vpinfer/frames.hpp"
#include "vpinfer/model.hpp"
#include "vpinfer/report.hpp"

namespace vpinfer {

class Communicator;

/// How many frames are under way at the same time.
struct InFlight {
  int frames = 1;  ///< in the whole job
  int lanes = 1;   ///< in one rank's memory
  bool operator==(const InFlight&) const = default;
};

/// Called when a layer's weights are there, on the rank that has loaded them.
using LayerLoaded = std::function<void(int position)>;

/// What each rank of a job chooses for itself.
struct RankOptions {
  int threads = 1;
  /// Of a wait for a peer while a frame runs; set-up, loading and what is said between frames have
  /// two or three times as long.  Rank 0's also holds for the frames of all ranks.
  std::chrono::duration<double> timeout{60};
};

struct JobOptions {
  RankOptions rank{};
  /// Of a stream, for all ranks; nothing: as many as pay, that is two, or two per stage of a
  /// pipeline.  A second lane takes the memory of a second frame: InFlight{} suits a program that
  /// only calls `run`.
  std::optional<InFlight> in_flight{};
  std::vector<int> deliver{};  ///< positions of layers beside the model's outputs
  LayerLoaded loaded{};
};

/// Rank 0 of a job: it has the model and the frames, and gets the results.  All other ranks of the
/// communicator call `follow` meanwhile.  Every function throws Error with kRankFailed, naming the
/// rank and its host, if a peer is silent for too long; then the job is over for all ranks.
class Leader {
 public:
  /// Tells the other ranks about the job and loads the weights, of which each takes its share from
  /// its own copy of the model or from here.  The plan is for as many ranks as there are.
  Leader(std::shared_ptr<Communicator> communicator, const Model& model, const Plan& plan,
         const JobOptions& options = {});
  Leader(const Leader&) = delete;
  Leader& operator=(const Leader&) = delete;
  /// Ends the job, unless that is done or an exception is on its way.
  ~Leader();

  /// What the options ask for, or what pays: a supply need not read further ahead.
  [[nodiscard]] InFlight in_flight() const;
  /// Runs a frame of zeros, of which no report tells: the first one takes longer than the others.
  void warm_up();
  /// Runs one frame, [rows][cols][channels] of the model's input.
  [[nodiscard]] Delivered run(std::span<const float> input);
  /// Runs all frames of a supply, in their order.
  void stream(FrameSupply& supply);
  /// What each rank tells about the last stream or frame, by rank.
  [[nodiscard]] std::vector<RankReport> reports();
  /// Ends the job: `follow` returns this code on the other ranks.
  void dismiss(ExitCode code = ExitCode::kDone);

 private:
  friend class SingleRank;
  class Inside;
  std::unique_ptr<Inside> inside_;
};

/// The whole model on rank 0 alone, while the other ranks of its job wait: what their results and
/// times are compared with.
class SingleRank {
 public:
  /// Loads the whole model; runs each frame `repeat` times.  The leader must outlive it.
  explicit SingleRank(Leader& leader, int repeat = 1);
  SingleRank(const SingleRank&) = delete;
  SingleRank& operator=(const SingleRank&) = delete;
  ~SingleRank();

  /// Runs a frame, timed and repeated, and adds up how the outputs that all ranks together gave for
  /// it differ; tells whether they agree.
  bool compare(const InputWriter& write_input, const Delivered& outputs);
  /// What it gave for the last frame that was compared.
  [[nodiscard]] const Delivered& outputs() const;
  /// Finds the first layer in which all ranks together differ: runs the frame with every layer
  /// delivered, there and here.
  void find_first_difference(const InputWriter& write_input);
  /// The verdict, given the median latency of all ranks together.  Throws BadUsage if no frame was
  /// compared.
  [[nodiscard]] Comparison verdict(double all_ranks_seconds) const;

 private:
  class Inside;
  std::unique_ptr<Inside> inside_;
};

/// Any other rank of a job, from its beginning to its end.  Where this host has a copy of the model
/// (or of its share of a partition), it is at `model`.  Throws as Leader does, and BadInput if the
/// copy is damaged or not of the leader's model.
[[nodiscard]] ExitCode follow(const std::shared_ptr<Communicator>& communicator,
                              const std::filesystem::path& model, const RankOptions& options = {});

}  // namespace vpinfer
