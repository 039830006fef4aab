#include "search/evaluation.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "search/work.hpp"

namespace vpinfer {
namespace {

Travel travel(const Exchanges::Shared& exchange, const Cluster& cluster) {
  if (!exchange || exchange->empty()) return {};
  Travel travel;
  double message_seconds = 0;
  for (int rank = 0; rank < cluster.ranks(); ++rank) {
    const Host& host = cluster.host(rank);
    const std::size_t sent = exchange->sent_bytes(rank);
    const std::size_t received = exchange->received_bytes(rank);
    travel.wire_seconds =
        std::max(travel.wire_seconds,
                 static_cast<double>(std::max(sent, received)) / host.link.bytes_per_second);
    travel.processor_seconds.push_back(
        static_cast<double>(exchange->messages(rank)) * host.link.message_processor_seconds +
        static_cast<double>(sent + received) * host.link.byte_processor_seconds +
        work_of_packing(exchange->wire(), sent + received).seconds(host.speed));
    if (sent + received > 0) {
      message_seconds = std::max(message_seconds, host.link.message_seconds);
    }
  }
  travel.wire_seconds += message_seconds;
  travel.most_processor_seconds =
      *std::max_element(travel.processor_seconds.begin(), travel.processor_seconds.end());
  return travel;
}

std::shared_ptr<const LayerCost> cost_of(const Distribution& distribution, const Cluster& cluster,
                                         const Exchanges& exchanges, int position) {
  auto cost = std::make_shared<LayerCost>();
  for (int rank = 0; rank < cluster.ranks(); ++rank) {
    cost->compute_seconds.push_back(
        work_of(distribution, position, rank).seconds(cluster.host(rank).speed));
  }
  cost->output = travel(exchanges.output(position), cluster);
  cost->sums = travel(exchanges.sums(position), cluster);
  return cost;
}

/// The time of one frame: for every layer its slowest rank's work, the bytes that it waits for, and
/// what the processors do for these bytes.  Borders do travel while other parts are computed; that
/// is left out, because on emulated clusters waiting was seen to add to computing.
std::vector<double> layer_seconds(const Network& network, const Evaluation& evaluation) {
  std::vector<bool> is_awaited(evaluation.costs.size(), true);
  std::vector<double> all;
  for (int position = 0; position < network.size(); ++position) {
    const LayerCost& cost = *evaluation.costs[static_cast<std::size_t>(position)];
    double seconds = *std::max_element(cost.compute_seconds.begin(), cost.compute_seconds.end()) +
                     cost.sums.wire_seconds + cost.sums.most_processor_seconds;
    for (const int input : network.layer(position).inputs) {
      const auto index = static_cast<std::size_t>(input);
      if (!is_awaited[index]) continue;
      const Travel& arriving = evaluation.costs[index]->output;
      seconds += arriving.wire_seconds + arriving.most_processor_seconds;
      is_awaited[index] = false;  // its first reader waits for it
    }
    all.push_back(seconds);
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Travel& delivered = evaluation.costs[i]->output;
    if (is_awaited[i]) all[i] += delivered.wire_seconds + delivered.most_processor_seconds;
  }
  return all;
}

/// What keeps the busiest processor or link busy for one frame.
double period_seconds(const Cluster& cluster, const Evaluation& evaluation) {
  const auto ranks = static_cast<std::size_t>(cluster.ranks());
  std::vector<double> processor(ranks, 0.0);
  std::vector<std::size_t> sent(ranks, 0);
  std::vector<std::size_t> received(ranks, 0);
  const auto add = [&](const Travel& travel, const Exchanges::Shared& exchange) {
    if (travel.processor_seconds.empty()) return;
    for (std::size_t rank = 0; rank < ranks; ++rank) {
      processor[rank] += travel.processor_seconds[rank];
      sent[rank] += exchange->sent_bytes(static_cast<int>(rank));
      received[rank] += exchange->received_bytes(static_cast<int>(rank));
    }
  };
  for (std::size_t position = 0; position < evaluation.costs.size(); ++position) {
    const LayerCost& cost = *evaluation.costs[position];
    for (std::size_t rank = 0; rank < ranks; ++rank) processor[rank] += cost.compute_seconds[rank];
    add(cost.output, evaluation.exchanges.output(static_cast<int>(position)));
    add(cost.sums, evaluation.exchanges.sums(static_cast<int>(position)));
  }
  double period = 0;
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    const double link = static_cast<double>(std::max(sent[rank], received[rank])) /
                        cluster.hosts[rank].link.bytes_per_second;
    period = std::max({period, processor[rank], link});
  }
  return period;
}

}  // namespace

Evaluator::Evaluator(const Network& network, const Cluster& cluster, const Concurrency& concurrency)
    : cluster_(cluster),
      concurrency_(concurrency),
      readers_(network, {}),
      results_(network, result_layers(network)) {}

Evaluation Evaluator::evaluate(Plan plan, const Evaluation& similar) const {
  Evaluation evaluation;
  evaluation.plan = std::move(plan);
  const Distribution distribution(network(), evaluation.plan);
  evaluation.exchanges = Exchanges(results_, distribution, similar.plan, similar.exchanges);
  evaluation.moved_bytes = evaluation.exchanges.bytes();
  const bool knows_times = evaluation.plan.conv == similar.plan.conv;
  for (int position = 0; position < network().size(); ++position) {
    const bool is_known =
        knows_times && are_planned_alike(evaluation.plan, similar.plan, position) &&
        evaluation.exchanges.output(position) == similar.exchanges.output(position) &&
        evaluation.exchanges.sums(position) == similar.exchanges.sums(position);
    evaluation.costs.push_back(
        is_known ? similar.costs[static_cast<std::size_t>(position)]
                 : cost_of(distribution, cluster_, evaluation.exchanges, position));
  }
  evaluation.layer_seconds = layer_seconds(network(), evaluation);
  evaluation.latency_seconds =
      std::accumulate(evaluation.layer_seconds.begin(), evaluation.layer_seconds.end(), 0.0);
  evaluation.period_seconds = period_seconds(cluster_, evaluation);
  return evaluation;
}

Evaluation Evaluator::evaluate(const Choice& choice, Strategy strategy,
                               const Evaluation& similar) const {
  Evaluation evaluation = evaluate(
      plan_of(choice, readers_, strategy, cluster_.ranks(), similar.choice, similar.plan), similar);
  evaluation.choice = choice;
  return evaluation;
}

bool Evaluator::add_memory(Evaluation& evaluation, std::size_t most_bytes,
                           const Evaluation& similar) const {
  const Distribution distribution(network(), evaluation.plan);
  const Traffic traffic{results_, distribution, evaluation.exchanges};
  evaluation.outlines = Outlines(traffic, similar.exchanges, similar.outlines);
  evaluation.memory = memory_within(traffic, evaluation.outlines, concurrency_, most_bytes,
                                    fullest(similar.memory).rank);
  return !evaluation.memory.empty();
}

}  // namespace vpinfer
