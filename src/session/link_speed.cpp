#include "session/link_speed.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/machine.hpp"

namespace vpinfer {
namespace {

/// What an exchange with two peers at once takes: a message to one, another from the other.
struct ExchangeTime {
  double seconds = 0;
  double processor_seconds = 0;
};

class LinkMeter {
 public:
  LinkMeter(Channel& channel, std::chrono::duration<double> patience, const Announce& announce)
      : channel_(channel), patience_(patience.count()), announce_(announce) {}

  [[nodiscard]] MeasuredLink measure() {
    if (announce_) announce_("links, all at once");
    const double share = share_of_processor();
    const double polling = processor_share_of_waiting();
    const ExchangeTime small = mean_of_small_ones();
    const std::size_t bytes = enough_bytes();
    const ExchangeTime large = ring(bytes);
    const double each_way = static_cast<double>(bytes);
    const PairTimes best = with_rank_0(bytes / 2, share);
    const double together = rate(bytes, large.seconds - small.seconds);
    const double alone = std::max(together, rate(bytes / 2, best.large_seconds - small.seconds));
    const double for_bytes = large.processor_seconds - small.processor_seconds -
                             polling * (large.seconds - small.seconds);
    return {{.bytes_per_second = alone,
             .message_seconds = std::max(small.seconds / 2, best.noticing_seconds),
             .message_processor_seconds = small.processor_seconds / 2 / share,
             .byte_processor_seconds = std::max(0.0, for_bytes) / (2 * each_way) / share},
            {alone, together}};
  }

 private:
  /// What takes two ranks how long while the others are silent.
  struct PairTimes {
    double noticing_seconds = std::numeric_limits<double>::infinity();  // a small exchange
    double large_seconds = std::numeric_limits<double>::infinity();     // a large message from here
  };

  static double rate(std::size_t bytes, double seconds) {
    constexpr double kFastest = 1e11;
    return std::min(kFastest, static_cast<double>(bytes) / std::max(0.0, seconds));
  }

  /// All ranks at once, each with those beside it.
  ExchangeTime ring(std::size_t bytes) {
    const int ranks = channel_.size();
    return exchange(bytes, (channel_.rank() + 1) % ranks, (channel_.rank() + ranks - 1) % ranks);
  }

  ExchangeTime exchange(std::size_t bytes, int to, int from) {
    sent_.resize(bytes / sizeof(float));
    received_.resize(bytes / sizeof(float));
    const double processor = processor_seconds();
    const Clock::time_point start = Clock::now();
    channel_.exchange(sent_, to, received_, from);
    return {seconds_since(start), processor_seconds() - processor};
  }

  /// From one rank to another, and back what tells that it is there.  Both ways at once, what TCP
  /// and MPI acknowledge waits behind messages of the other direction, which counts here, where
  /// nothing else is under way, for more than it does within a frame.
  double one_way(std::size_t bytes, int sender, int other) {
    sent_.resize(bytes / sizeof(float));
    received_.resize(bytes / sizeof(float));
    std::array<float, 1> word{};
    const Clock::time_point start = Clock::now();
    if (channel_.rank() == sender) {
      channel_.send(sent_, other);
      channel_.receive(word, other);
    } else {
      channel_.receive(received_, other);
      channel_.send(word, other);
    }
    return seconds_since(start);
  }

  ExchangeTime mean_of_small_ones() {
    constexpr int kTimes = 30;
    ExchangeTime all;
    for (int i = 0; i < kTimes; ++i) {
      const ExchangeTime one = ring(sizeof(float));
      all.seconds += one.seconds / kTimes;
      all.processor_seconds += one.processor_seconds / kTimes;
    }
    return all;
  }

  /// What a small exchange with a peer adds to computing, on both at the same time: more than an
  /// exchange alone takes where one of them stands still now and then.
  double noticing_seconds(int peer, double share_of_processor) {
    constexpr double kComputing =
        4e-3;  // between two exchanges: as long on slow hosts as on others
    const int rounds =
        std::clamp(static_cast<int>(patience_ / 4 / kComputing / channel_.size()), 4, 50);
    const auto mean_round = [&](const auto& between) {
      const Clock::time_point start = Clock::now();
      for (int i = 0; i < rounds; ++i) {
        compute(kComputing * share_of_processor);
        between();
      }
      return seconds_since(start) / rounds;
    };
    const double computing = mean_round([] {});
    const double exchanging = mean_round([&] { (void)exchange(sizeof(float), peer, peer); });
    return std::max(0.0, exchanging - computing);
  }

  /// How much of a core this process gets.
  double share_of_processor() const {
    const double work = patience_ / 32;
    const Clock::time_point start = Clock::now();
    compute(work);
    return std::min(1.0, work / seconds_since(start));
  }

  /// Keeps the processor busy for so many seconds of its time.
  static void compute(double seconds) {
    const double start = processor_seconds();
    while (processor_seconds() - start < seconds) {
    }
  }

  /// So many that an exchange takes a good part of the patience: rank 0 decides for all.
  std::size_t enough_bytes() {
    constexpr std::size_t kLeast = 1U << 15U;
    constexpr std::size_t kMost = 1U << 23U;
    std::size_t bytes = kLeast;
    while (bytes < kMost) {
      const double seconds = ring(bytes).seconds;
      if (channel_.broadcast(seconds > patience_ / 8 ? "enough" : "more") == "enough") break;
      bytes *= 2;
    }
    return bytes;
  }

  /// How much of the processor looking for messages takes while none come: those of odd rank wait
  /// for the others, then the others for them.
  double processor_share_of_waiting() {
    const auto late = std::chrono::duration<double>(patience_ / 16);
    double share = 0;
    for (const int sleeper : {0, 1}) {
      channel_.barrier();
      const bool sleeps = channel_.rank() % 2 == sleeper;
      if (sleeps) std::this_thread::sleep_for(late);
      const ExchangeTime waited = ring(sizeof(float));
      if (!sleeps && waited.seconds > late.count() / 2) {
        share = waited.processor_seconds / waited.seconds;
      }
    }
    return share;
  }

  /// Rank 0 with each other rank, one after another; on rank 0 the best of them.
  PairTimes with_rank_0(std::size_t bytes, double share) {
    PairTimes best;
    for (int peer = 1; peer < channel_.size(); ++peer) {
      channel_.barrier();
      if (channel_.rank() != 0 && channel_.rank() != peer) continue;
      if (announce_) {
        announce_("links, " + channel_.host(peer) + " (" + std::to_string(peer) + " of " +
                  std::to_string(channel_.size() - 1) + ")");
      }
      const int other = channel_.rank() == 0 ? peer : 0;
      best.noticing_seconds = std::min(best.noticing_seconds, noticing_seconds(other, share));
      for (const int sender : {0, peer}) {
        const double seconds = one_way(bytes, sender, other);
        if (channel_.rank() == sender) best.large_seconds = std::min(best.large_seconds, seconds);
      }
    }
    channel_.barrier();
    return best;
  }

  Channel& channel_;
  double patience_;
  const Announce& announce_;
  std::vector<float> sent_;
  std::vector<float> received_;
};

}  // namespace

MeasuredLink measure_link(Channel& channel, std::chrono::duration<double> patience,
                          const Announce& announce) {
  constexpr double kNothingTravels = 1e10;
  if (channel.size() == 1) {
    return {{.bytes_per_second = kNothingTravels}, {kNothingTravels, kNothingTravels}};
  }
  return LinkMeter(channel, patience, announce).measure();
}

bool is_shared(const std::vector<LinkRates>& rates, std::size_t rank) {
  constexpr double kFarLess = 0.4;
  const std::size_t ranks = rates.size();
  const double possible = std::min({rates[rank].alone, rates[(rank + 1) % ranks].alone,
                                    rates[(rank + ranks - 1) % ranks].alone});
  return rates[rank].together < kFarLess * possible;
}

}  // namespace vpinfer
