#include "support/channels.hpp"

namespace vpinfer {

std::vector<RankEnd> run_channels(Loopback& loopback, std::chrono::duration<double> timeout,
                                  const std::function<void(Channel&)>& work) {
  std::vector<RankEnd> ends(static_cast<std::size_t>(loopback.size()));
  const auto run = [&](Communicator& communicator) {
    RankEnd& end = ends[static_cast<std::size_t>(communicator.rank())];
    try {
      Channel channel(communicator, timeout);
      work(channel);
    } catch (const Error& e) {
      end = {e.code(), e.what()};
    } catch (const std::exception& e) {
      end = {ExitCode::kBug, e.what()};
    }
  };
  (void)run_ranks(loopback, run);
  return ends;
}

std::vector<std::string> messages(const std::vector<RankEnd>& ends) {
  std::vector<std::string> lines;
  for (std::size_t rank = 0; rank < ends.size(); ++rank) {
    if (ends[rank].message.empty()) continue;
    lines.push_back("rank " + std::to_string(rank) + ": " + ends[rank].message);
  }
  return lines;
}

}  // namespace vpinfer
