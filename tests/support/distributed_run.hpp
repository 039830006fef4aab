#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "exec/executor.hpp"
#include "exec/weights.hpp"
#include "support/reference.hpp"

namespace vpinfer {

inline constexpr std::chrono::duration<double> kTimeout{20};

struct SeededModel {
  Network network;
  std::vector<LayerWeights> weights;
};

[[nodiscard]] SeededModel random_model(std::uint32_t seed);
/// The model must outlive the reader, the frame the writer.
[[nodiscard]] WeightReader reader_of(const SeededModel& model);
[[nodiscard]] InputWriter writer_of(const std::vector<float>& frame);

/// How many frames are under way at once, on all ranks and within one rank's segment.
struct FramesInFlight {
  std::size_t window = 1;
  int lanes = 1;
};

/// A run of some frames by all ranks of a plan, each on its own thread.  The referenced objects
/// must outlive it.
class DistributedRun {
 public:
  /// What rank 0 delivered of one frame, by position.
  using Frame = std::map<int, std::vector<float>>;

  DistributedRun(const SeededModel& model, const Plan& plan, const Delivery& delivery,
                 std::vector<std::vector<float>> inputs, int threads_of_rank = 1);

  /// One frame after another.  Fails the test if a rank throws or a message is lost.
  void run(std::uint32_t seed);
  /// The same as a stream.
  void stream(std::uint32_t seed, const FramesInFlight& in_flight);

  [[nodiscard]] const std::vector<Frame>& frames() const { return frames_; }
  /// By rank.
  [[nodiscard]] const std::vector<ExecutionCounters>& counters() const { return counters_; }

 private:
  class Supply;

  void on_every_rank(std::uint32_t seed, int lanes,
                     const std::function<void(Executor&, Communicator&)>& work);
  [[nodiscard]] FrameTask task(std::size_t index);

  const SeededModel& model_;
  const Plan& plan_;
  const Delivery& delivery_;
  std::vector<std::vector<float>> inputs_;
  int threads_of_rank_;
  std::vector<Frame> frames_;
  std::vector<ExecutionCounters> counters_;
};

/// For `expect_close`: sums are taken in another order; halves are rounded.
[[nodiscard]] float tolerance_of(WireFormat wire);

/// Whether `actual` equals `expected` within a share of the largest magnitude, or of `least_scale`.
void expect_close(const std::vector<float>& actual, const std::vector<float>& expected,
                  float tolerance, const std::string& what, float least_scale = 0);

/// Whether a run's frames are `references`, of every layer, and its bytes those predicted.
void expect_same_as_reference(const SeededModel& model, const Plan& plan, const Delivery& delivery,
                              const DistributedRun& run, const std::vector<Outputs>& references);

}  // namespace vpinfer
