#include <algorithm>

#include "base/clock.hpp"
#include "report/comparison.hpp"
#include "report/run_report.hpp"
#include "search/planner.hpp"
#include "session/leader.hpp"
#include "session/loading.hpp"

namespace vpinfer {
namespace {

Job alone(const Job& together) {
  Job job = together;
  job.plan = make_plan(together.network, Strategy::kSingle, together.plan.ranks,
                       {.formats = {.conv = together.plan.conv}});
  job.delivery = result_layers(together.network);
  job.in_flight = {};
  return job;
}

}  // namespace

/// The other ranks hear between layers and frames that rank 0 is still there.
class SingleRank::Inside {
 public:
  Inside(Leader::Inside& leader, int repeat)
      : leader_(leader),
        job_(alone(leader.job())),
        repeat_(repeat),
        weights_(
            load_alone(job_, leader.model().file(), [&leader](int) { leader.ranks().stay(); })),
        rank_(leader.communicator(), job_, weights_, leader.pool()) {
    comparison_.tolerance = tolerance(leader.job().plan.coarsest_wire());
  }

  bool compare(const InputWriter& write_input, const Delivered& outputs) {
    (void)rank_.run(write_input);  // the first one takes longer
    leader_.ranks().stay();
    for (int i = 0; i < repeat_; ++i) {
      const Clock::time_point start = Clock::now();
      reference_ = rank_.run(write_input);
      frame_seconds_.push_back(seconds_since(start));
      leader_.ranks().stay();
    }
    bool all_agree = true;
    for (const auto& [position, values] : reference_) {
      const Difference d = difference(outputs.at(position), values);
      Difference& largest = comparison_.largest;
      largest.max_abs = std::max(largest.max_abs, d.max_abs);
      largest.max_rel = std::max(largest.max_rel, d.max_rel);
      largest.finite = largest.finite && d.finite;
      all_agree = all_agree && agrees(d, comparison_.tolerance);
    }
    return all_agree;
  }

  void find_first_difference(const InputWriter& write_input) {
    const Delivered together = leader_.ranks().run_delivering_everything(write_input);
    const Job job = delivering_everything(job_);
    ReadyRank rank(leader_.communicator(), job, weights_, leader_.pool());
    for (const auto& [position, values] : rank.run(write_input)) {
      const Difference d = difference(together.at(position), values);
      if (agrees(d, comparison_.tolerance)) continue;
      comparison_.first_layer = Network::number(position);
      return;
    }
  }

  [[nodiscard]] const Delivered& outputs() const { return reference_; }

  [[nodiscard]] Comparison verdict(double all_ranks_seconds) const {
    if (frame_seconds_.empty()) throw BadUsage("no frame was compared with one rank");
    Comparison comparison = comparison_;
    comparison.single_seconds = spread(frame_seconds_).median;
    comparison.speedup = comparison.single_seconds / all_ranks_seconds;
    comparison.single_bytes = rank_.memory().total();
    return comparison;
  }

 private:
  Leader::Inside& leader_;
  Job job_;  // the same network and ranks, of which rank 0 computes everything
  int repeat_;
  Weights weights_;
  ReadyRank rank_;
  std::vector<double> frame_seconds_;
  Delivered reference_;  // of the last frame
  Comparison comparison_;
};

SingleRank::SingleRank(Leader& leader, int repeat)
    : inside_(std::make_unique<Inside>(*leader.inside_, repeat)) {}

SingleRank::~SingleRank() = default;

bool SingleRank::compare(const InputWriter& write_input, const Delivered& outputs) {
  return inside_->compare(write_input, outputs);
}

const Delivered& SingleRank::outputs() const {
  return inside_->outputs();
}

void SingleRank::find_first_difference(const InputWriter& write_input) {
  inside_->find_first_difference(write_input);
}

Comparison SingleRank::verdict(double all_ranks_seconds) const {
  return inside_->verdict(all_ranks_seconds);
}

}  // namespace vpinfer
