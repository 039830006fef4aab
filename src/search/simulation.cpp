#include "search/simulation.hpp"

#include <algorithm>

#include "search/simulated_network.hpp"
#include "search/simulated_rank.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// All ranks of a job.
class SimulatedJob final : public Peers {
 public:
  SimulatedJob(const Network& network, const std::vector<Program>& programs, const Cluster& cluster,
               int frames, int in_flight)
      : cluster_(cluster), network_(cluster), frames_(frames), in_flight_(in_flight) {
    for (std::size_t rank = 0; rank < programs.size(); ++rank) {
      ranks_.emplace_back(network, programs[rank], cluster.hosts[rank], static_cast<int>(rank));
    }
    wake_.assign(programs.size(), kNever);
  }

  [[nodiscard]] Simulation run() {
    while (done_.size() < static_cast<std::size_t>(frames_)) {
      while (begun_.size() < static_cast<std::size_t>(frames_) &&
             begun_.size() - done_.size() < static_cast<std::size_t>(in_flight_)) {
        begin_frame();
      }
      advance_earliest();
    }
    Simulation simulation;
    for (std::size_t i = 0; i < done_.size(); ++i) {
      simulation.frame_seconds.push_back(done_[i] - begun_[i]);
    }
    simulation.period_seconds = period();
    for (const SimulatedRank& rank : ranks_) simulation.timelines.push_back(rank.timeline());
    return simulation;
  }

  void send(const Outgoing& message) override {
    const Passage passage = network_.send(message.from, message.to, message.bytes, message.time);
    rank(message.to).expect(message, passage.arrived);
    wake(message.to);
    if (!message.awaits_place()) return;
    if (rank(message.to).has_places(message.frame, message.tensor)) {
      let_go(message, passage.left);
    } else {
      waiting_.push_back({message, passage.left});
    }
  }

  void has_places(int rank, std::size_t frame, int tensor, double time) override {
    std::erase_if(waiting_, [&](const Waiting& waiting) {
      Outgoing message = waiting.message;
      if (message.to != rank || message.frame != frame || message.tensor != tensor) return false;
      message.time = std::max(message.time, time);
      let_go(message, std::max(waiting.left, time));
      return true;
    });
  }

 private:
  /// A message that will have left its host, but that its receiver has no place for yet.
  struct Waiting {
    Outgoing message;
    double left = 0;
  };

  /// Rank 0 begins, and tells the others.
  void begin_frame() {
    const double now = ranks_.front().time();
    begun_.push_back(now);
    for (std::size_t rank = 0; rank < ranks_.size(); ++rank) {
      const double told = now + (rank == 0 ? 0 : cluster_.hosts[rank].link.message_seconds);
      ranks_[rank].begin(told);
      wake_[rank] = std::min(wake_[rank], std::max(told, ranks_[rank].time()));
    }
  }

  void advance_earliest() {
    const auto earliest = std::min_element(wake_.begin(), wake_.end());
    if (*earliest == kNever) throw Bug("a simulated job whose ranks wait for each other");
    SimulatedRank& rank = ranks_[static_cast<std::size_t>(earliest - wake_.begin())];
    *earliest = rank.advance(*earliest, *this);  // whatever woke it meanwhile
    while (rank.retire()) {
      if (&rank == &ranks_.front()) done_.push_back(rank.time());
    }
  }

  void let_go(const Outgoing& message, double time) {
    rank(message.from).let_go(message, time);
    wake(message.from);
  }

  [[nodiscard]] SimulatedRank& rank(int number) { return ranks_[static_cast<std::size_t>(number)]; }

  void wake(int number) {
    double& time = wake_[static_cast<std::size_t>(number)];
    time = std::min(time, std::max(rank(number).time(), rank(number).next_event()));
  }

  /// Of the second half of the frames, the first of which find the ranks idle.
  [[nodiscard]] double period() const {
    const std::size_t last = done_.size() - 1;
    const std::size_t first = last / 2;
    if (last == first) return done_[last] - begun_[last];
    return (done_[last] - done_[first]) / static_cast<double>(last - first);
  }

  const Cluster& cluster_;
  SimulatedNetwork network_;
  int frames_;
  int in_flight_;
  std::vector<SimulatedRank> ranks_;
  std::vector<Waiting> waiting_;
  std::vector<double> wake_;   // when each rank may have something to do
  std::vector<double> begun_;  // by frame
  std::vector<double> done_;
};

}  // namespace

Simulation simulate(const Network& network, const std::vector<Program>& programs,
                    const Cluster& cluster, int frames, int in_flight) {
  return SimulatedJob(network, programs, cluster, frames, in_flight).run();
}

}  // namespace vpinfer
