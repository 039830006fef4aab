#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "frame_reader.hpp"
#include "results.hpp"
#include "vpinfer/exec/stream.hpp"
#include "vpinfer/report/throughput.hpp"

namespace vpinfer {

/// The frames of a source, as work for all ranks: each is run so many times, and the outputs of its
/// last run are handed on.  A picture that cannot be read is named and left out.
class FrameStream final : public FrameSupply {
 public:
  /// Takes a frame, its index in the source and its outputs.
  using Handler = std::function<void(const Frame& frame, std::size_t index, Outputs outputs)>;

  FrameStream(std::shared_ptr<FrameSource> source, int repeat, std::size_t ahead, Handler handler);

  State state() override;
  FrameTask take() override;

  /// Of all runs that are done.
  [[nodiscard]] const std::vector<FrameTimes>& times() const { return times_; }
  [[nodiscard]] bool left_some_out() const { return left_some_out_; }

 private:
  /// One run of a frame.
  struct Run {
    std::shared_ptr<const Frame> frame;
    std::size_t index = 0;
    bool last = true;
    double begun = 0;
    Outputs outputs;
  };

  void read_next();
  void finish(Run& run);

  std::shared_ptr<FrameSource> source_;
  int repeat_;
  Handler handler_;
  FrameReader reader_;
  std::shared_ptr<const Frame> frame_;  // the next to run; null: to be read
  int runs_left_ = 0;                   // of that frame
  std::size_t read_ = 0;                // frames that were read or left out
  bool left_some_out_ = false;
  Clock::time_point start_ = Clock::now();
  std::vector<FrameTimes> times_;
};

}  // namespace vpinfer
