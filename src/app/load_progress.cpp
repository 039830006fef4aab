#include "app/load_progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <iostream>

namespace vpinfer {

LoadProgress::LoadProgress(const Network& network)
    : network_(network), speaks_(::isatty(STDERR_FILENO) != 0) {
  for (int i = 0; i < network.size(); ++i) all_ += weight_shape(network, i).numbers();
}

LoadProgress::~LoadProgress() {
  if (spoken_) std::cerr << "\r\033[K";
}

void LoadProgress::loaded(int position) {
  constexpr double kSilentSeconds = 0.5;
  loaded_ += weight_shape(network_, position).numbers();
  if (!speaks_ || seconds_since(start_) < kSilentSeconds) return;
  std::cerr << "\rloading weights, " << 100 * loaded_ / std::max<std::size_t>(1, all_) << " %"
            << std::flush;
  spoken_ = true;
}

}  // namespace vpinfer
