#include "app/load_progress.hpp"

#include <algorithm>
#include <string>

namespace vpinfer {

LoadProgress::LoadProgress(const Network& network) : network_(network) {
  for (int i = 0; i < network.size(); ++i) all_ += weight_shape(network, i).numbers();
}

void LoadProgress::loaded(int position) {
  constexpr double kSilentSeconds = 0.5;
  loaded_ += weight_shape(network_, position).numbers();
  if (seconds_since(start_) < kSilentSeconds) return;
  const std::size_t percent = 100 * loaded_ / std::max<std::size_t>(1, all_);
  line_.say("loading weights, " + std::to_string(percent) + " %");
}

}  // namespace vpinfer
