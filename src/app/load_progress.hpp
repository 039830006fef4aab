#pragma once

#include <cstddef>

#include "base/clock.hpp"
#include "net/network.hpp"

namespace vpinfer {

/// Says on a terminal how far loading is, once it takes longer than half a second.
class LoadProgress {
 public:
  explicit LoadProgress(const Network& network);
  LoadProgress(const LoadProgress&) = delete;
  LoadProgress& operator=(const LoadProgress&) = delete;
  /// Leaves nothing behind on the terminal.
  ~LoadProgress();

  /// To be called after each layer.
  void loaded(int position);

 private:
  const Network& network_;
  bool speaks_;
  bool spoken_ = false;
  Clock::time_point start_ = Clock::now();
  std::size_t all_ = 0;  // weights and biases
  std::size_t loaded_ = 0;
};

}  // namespace vpinfer
