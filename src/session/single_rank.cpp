#include "session/single_rank.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "search/planner.hpp"
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

// The other ranks hear between layers and frames that rank 0 is still there.

SingleRank::SingleRank(Communicator& communicator, AllRanks& all, const Job& together,
                       const ModelFile& model, ThreadPool& pool, int repeat)
    : communicator_(communicator),
      all_(all),
      job_(alone(together)),
      pool_(pool),
      repeat_(repeat),
      weights_(load_alone(job_, model, [&all](int) { all.stay(); })),
      rank_(communicator, job_, weights_, pool) {
  comparison_.tolerance = tolerance(together.plan.coarsest_wire());
}

bool SingleRank::compare(const InputWriter& write_input, const Delivered& outputs) {
  Delivered reference = rank_.run(write_input);
  all_.stay();
  for (int i = 0; i < repeat_; ++i) {
    const Clock::time_point start = Clock::now();
    reference = rank_.run(write_input);
    frame_seconds_.push_back(seconds_since(start));
    all_.stay();
  }
  bool all_agree = true;
  for (const auto& [position, values] : reference) {
    const Difference d = difference(outputs.at(position), values);
    Difference& largest = comparison_.largest;
    largest.max_abs = std::max(largest.max_abs, d.max_abs);
    largest.max_rel = std::max(largest.max_rel, d.max_rel);
    largest.finite = largest.finite && d.finite;
    all_agree = all_agree && agrees(d, comparison_.tolerance);
  }
  return all_agree;
}

void SingleRank::find_first_difference(const InputWriter& write_input,
                                       const Delivered& everything) {
  const Job job = delivering_everything(job_);
  ReadyRank rank(communicator_, job, weights_, pool_);
  for (const auto& [position, values] : rank.run(write_input)) {
    const Difference d = difference(everything.at(position), values);
    if (agrees(d, comparison_.tolerance)) continue;
    comparison_.first_layer = Network::number(position);
    return;
  }
}

Comparison SingleRank::verdict(double all_ranks_seconds) const {
  Comparison comparison = comparison_;
  comparison.single_seconds = spread(frame_seconds_).median;
  comparison.speedup = comparison.single_seconds / all_ranks_seconds;
  comparison.single_bytes = rank_.memory().total();
  return comparison;
}

}  // namespace vpinfer
