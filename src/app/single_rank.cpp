#include "app/single_rank.hpp"

#include <algorithm>
#include <numeric>

#include "base/clock.hpp"
#include "search/planner.hpp"

namespace vpinfer {
namespace {

Agreement alone(const Agreement& together) {
  Agreement agreement = together;
  agreement.plan = make_plan(together.network, Strategy::kSingle, together.plan.ranks,
                             {.formats = {.conv = together.plan.conv}});
  return agreement;
}

/// All weights on rank 0; the other ranks hear between layers that it is still there.
Weights load_all(AllRanks& all, const Agreement& agreement, const ModelFile& model) {
  Weights weights({agreement.network, agreement.plan}, 0);
  for (int position = 0; position < agreement.network.size(); ++position) {
    weights.load(position, [&](int layer, const WeightRange& range, std::span<float> values,
                               std::span<float> biases) {
      model.read_weights(0, layer, range, values, biases);
    });
    all.stay();
  }
  return weights;
}

}  // namespace

SingleRank::SingleRank(MpiSession& session, AllRanks& all, const Agreement& agreement,
                       const ModelFile& model, ThreadPool& pool, const RunOptions& options)
    : session_(session),
      all_(all),
      agreement_(alone(agreement)),
      pool_(pool),
      options_(options),
      weights_(load_all(all, agreement_, model)),
      rank_(session, agreement_, result_layers(agreement_.network), weights_, pool,
            options.timeout) {
  comparison_.tolerance = tolerance(agreement.plan.coarsest_wire());
}

bool SingleRank::compare(const InputWriter& write_input, const Outputs& outputs) {
  Outputs reference = rank_.run(write_input);
  all_.stay();
  for (int i = 0; i < options_.repeat; ++i) {
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

void SingleRank::find_first_difference(const InputWriter& write_input, const Outputs& everything) {
  Delivery delivery(agreement_.network.layers.size());
  std::iota(delivery.begin(), delivery.end(), 0);
  ReadyRank rank(session_, agreement_, delivery, weights_, pool_, options_.timeout);
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
