#pragma once

#include <cstddef>

#include "app/progress_line.hpp"
#include "base/clock.hpp"
#include "net/network.hpp"

namespace vpinfer {

/// Says on a terminal how far loading is, once it takes longer than half a second.
class LoadProgress {
 public:
  explicit LoadProgress(const Network& network);

  /// To be called after each layer.
  void loaded(int position);

 private:
  const Network& network_;
  ProgressLine line_;
  Clock::time_point start_ = Clock::now();
  std::size_t all_ = 0;  // weights and biases
  std::size_t loaded_ = 0;
};

}  // namespace vpinfer
