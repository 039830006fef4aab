#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "comm/channel.hpp"
#include "comm/mpi_communicator.hpp"
#include "comm/polling.hpp"
#include "vpinfer/error.hpp"

/// The frame of an ideal network: steps of a fixed amount of work, divided evenly among the ranks,
/// with a tiny message to either neighbour after each, waited for as vpinfer waits.  Prints the
/// median of the frames' seconds.  Its speed-up over one rank is the most that a cluster, above all
/// an emulated one (jobs/emulate.sh --calibrate), can show.
///
///     null_run [STEPS [FRAMES]]    [23 7]
namespace {

using namespace vpinfer;

constexpr std::chrono::seconds kTimeout{60};

/// Of a frame, over all ranks: about 0.2 s of a core of 3.5 GHz, as YOLOv2 takes.
constexpr std::int64_t kRounds = 170'000'000;

/// Arithmetic that a compiler can neither shorten nor vectorise: one multiplication per round, each
/// of which needs the one before.
std::uint64_t work(std::int64_t rounds, std::uint64_t value) {
  for (std::int64_t i = 0; i < rounds; ++i)
    value = value * 6364136223846793005U + 1442695040888963407U;
  return value;
}

void wait(Transfers& transfers) {
  Polling polling(kTimeout);
  while (transfers.unfinished()) {
    if (!transfers.test() && !polling.pause()) {
      throw Error(ExitCode::kRankFailed, "no word from a neighbour");
    }
  }
}

/// Trades a number with either neighbour.
class Neighbours {
 public:
  explicit Neighbours(Communicator& communicator) {
    std::vector<Endpoint> from;
    std::vector<Endpoint> to;
    for (const int side : {0, 1}) {
      const int peer = communicator.rank() + 2 * side - 1;
      if (peer < 0 || peer >= communicator.size()) continue;
      const auto i = static_cast<std::size_t>(side);
      from.push_back({peer, std::as_writable_bytes(std::span(&received_[i], 1))});
      to.push_back({peer, std::as_writable_bytes(std::span(&sent_[i], 1))});
    }
    if (from.empty()) return;
    receives_ = communicator.receives(from, 1);
    sends_ = communicator.sends(to, 1);
  }

  void trade() {
    if (!receives_) return;
    receives_->start();
    sends_->start();
    wait(*receives_);
    wait(*sends_);
  }

 private:
  std::array<float, 2> received_{};
  std::array<float, 2> sent_{};
  std::unique_ptr<Transfers> receives_;
  std::unique_ptr<Transfers> sends_;
};

double frame_seconds(Channel& channel, Neighbours& neighbours, int steps, std::uint64_t& value) {
  const std::int64_t rounds = kRounds / steps / channel.size();
  channel.barrier();
  const auto start = Clock::now();
  for (int step = 0; step < steps; ++step) {
    value = work(rounds, value);
    neighbours.trade();
  }
  return seconds_since(start);
}

int positive(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1) {
    throw Error(ExitCode::kBadUsage, "usage: null_run [STEPS [FRAMES]]");
  }
  return value;
}

void run(const std::vector<std::string_view>& arguments) {
  const int steps = arguments.empty() ? 23 : positive(arguments[0]);
  const int frames = arguments.size() < 2 ? 7 : positive(arguments[1]);
  MpiCommunicator communicator(kTimeout);
  Channel channel(communicator, kTimeout);
  Neighbours neighbours(communicator);

  auto value = static_cast<std::uint64_t>(channel.rank());
  std::vector<double> seconds;
  frame_seconds(channel, neighbours, steps, value);  // connects, and warms up
  for (int frame = 0; frame < frames; ++frame) {
    seconds.push_back(frame_seconds(channel, neighbours, steps, value));
  }
  channel.barrier();
  const auto middle = seconds.begin() + frames / 2;
  std::nth_element(seconds.begin(), middle, seconds.end());
  if (channel.rank() == 0) std::cout << *middle << '\n';
  if (value == 0) std::cerr << "chance\n";  // the work is not for nothing
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run({argv + 1, argv + argc});
  } catch (const Error& error) {
    std::cerr << message_prefix() << error.what() << '\n';
    abort_job(error.code());
    return static_cast<int>(error.code());
  }
}
