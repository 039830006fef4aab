#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "comm/channel.hpp"
#include "support/loopback.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {

/// How a rank's work ended; kBug stands for whatever is no Error.
struct RankEnd {
  ExitCode code = ExitCode::kDone;
  std::string message;  ///< empty if it threw nothing
};

/// Runs `work` for every rank, each on its own thread and with a channel of its own; how each
/// ended, by rank.
[[nodiscard]] std::vector<RankEnd> run_channels(Loopback& loopback,
                                                std::chrono::duration<double> timeout,
                                                const std::function<void(Channel&)>& work);

/// What the ranks threw, one line each, of those that did.
[[nodiscard]] std::vector<std::string> messages(const std::vector<RankEnd>& ends);

}  // namespace vpinfer
