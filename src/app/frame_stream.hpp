#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <vector>

#include "app/frame_reader.hpp"
#include "app/results.hpp"
#include "report/throughput.hpp"
#include "session/stream.hpp"

namespace vpinfer {

/// The frames of a source, as work for all ranks: each is run so many times, and the outputs of its
/// last run are handed on.  A picture that cannot be read is named and left out, unless it is the
/// only one.
class FrameStream final : public FrameSupply {
 public:
  /// May keep the outputs by moving them away.
  using Handler = std::function<void(const Frame& frame, Delivered& outputs)>;

  FrameStream(std::shared_ptr<FrameSource> source, int repeat, std::size_t ahead, Handler handler);

  /// Throws BadInput if there is nothing but one frame that cannot be read.
  State state() override;
  FrameTask take() override;

  /// Of all runs that are done.
  [[nodiscard]] const std::vector<FrameTimes>& times() const { return times_; }
  [[nodiscard]] bool left_some_out() const { return left_some_out_; }

 private:
  /// One run of a frame.
  struct Run {
    std::shared_ptr<const Frame> frame;
    bool last = true;
    double begun = 0;
    Delivered outputs;
  };

  void read_next();
  static void complain(const std::exception_ptr& error);
  void finish(Run& run);

  std::shared_ptr<FrameSource> source_;
  int repeat_;
  Handler handler_;
  FrameReader reader_;
  std::shared_ptr<const Frame> frame_;  // the next to run; null: to be read
  int runs_left_ = 0;                   // of that frame
  bool read_some_ = false;
  bool left_some_out_ = false;
  std::exception_ptr only_error_;  // while the first frame, which cannot be read, is all there is
  std::vector<Delivered> spare_;   // of runs that are done: new memory for each would cost more
  Clock::time_point start_ = Clock::now();
  std::vector<FrameTimes> times_;
};

}  // namespace vpinfer
