#include "search/evaluation.hpp"

#include <algorithm>
#include <utility>

#include "search/work.hpp"

namespace vpinfer {
namespace {

/// What an exchange takes: nothing if nothing moves.
struct Travel {
  double wire_seconds = 0;       ///< until the slowest link has brought everything
  double processor_seconds = 0;  ///< on the busiest rank
};

Travel travel(const Exchange& exchange, const Cluster& cluster) {
  if (exchange.empty()) return {};
  Travel most;
  double exchange_seconds = 0;
  for (int rank = 0; rank < cluster.ranks(); ++rank) {
    const Link& link = cluster.host(rank).link;
    const auto sent = static_cast<double>(exchange.sent_bytes(rank));
    const auto received = static_cast<double>(exchange.received_bytes(rank));
    most.wire_seconds =
        std::max(most.wire_seconds, std::max(sent, received) / link.bytes_per_second);
    most.processor_seconds =
        std::max(most.processor_seconds, (sent + received) * link.byte_seconds);
    exchange_seconds = std::max(exchange_seconds, link.exchange_seconds);
  }
  most.wire_seconds += exchange_seconds;
  return most;
}

/// Of one layer, by rank.
std::vector<double> compute_seconds(const Distribution& distribution, const Cluster& cluster,
                                    int position) {
  std::vector<double> seconds;
  for (int rank = 0; rank < cluster.ranks(); ++rank) {
    seconds.push_back(work_of(distribution, position, rank) / cluster.host(rank).flop_per_second);
  }
  return seconds;
}

/// The time of one frame: for every layer its slowest rank's work, the bytes that it waits for, and
/// what the processors do for these bytes.  Borders do travel while other parts are computed; that
/// is left out, because on emulated clusters waiting was seen to add to computing.
double latency_seconds(const Network& network, const Cluster& cluster,
                       const Evaluation& evaluation) {
  std::vector<Travel> outputs;  // to their readers
  double seconds = 0;
  for (int position = 0; position < network.size(); ++position) {
    const std::vector<double>& compute =
        *evaluation.compute_seconds[static_cast<std::size_t>(position)];
    double wait = 0;
    for (const int input : network.layer(position).inputs) {
      Travel& arriving = outputs[static_cast<std::size_t>(input)];
      wait += arriving.wire_seconds;
      seconds += arriving.processor_seconds;
      arriving = {};  // its first reader waits for it
    }
    seconds += *std::max_element(compute.begin(), compute.end()) + wait;
    if (const Exchanges::Shared& partial = evaluation.exchanges.sums(position)) {
      const Travel sums = travel(*partial, cluster);
      seconds += sums.wire_seconds + sums.processor_seconds;
    }
    outputs.push_back(travel(*evaluation.exchanges.output(position), cluster));
  }
  return seconds;
}

/// What keeps the busiest processor or link busy for one frame.
double period_seconds(const Network& network, const Cluster& cluster,
                      const Evaluation& evaluation) {
  double period = 0;
  for (int rank = 0; rank < cluster.ranks(); ++rank) {
    double compute = 0;
    double sent = 0;
    double received = 0;
    for (int position = 0; position < network.size(); ++position) {
      compute += (*evaluation.compute_seconds[static_cast<std::size_t>(
          position)])[static_cast<std::size_t>(rank)];
      for (const Exchanges::Shared* exchange :
           {&evaluation.exchanges.output(position), &evaluation.exchanges.sums(position)}) {
        if (!*exchange) continue;
        sent += static_cast<double>((*exchange)->sent_bytes(rank));
        received += static_cast<double>((*exchange)->received_bytes(rank));
      }
    }
    const Link& link = cluster.host(rank).link;
    const double processor = compute + (sent + received) * link.byte_seconds;
    period = std::max({period, processor, std::max(sent, received) / link.bytes_per_second});
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
    evaluation.compute_seconds.push_back(
        knows_times && are_planned_alike(evaluation.plan, similar.plan, position)
            ? similar.compute_seconds[static_cast<std::size_t>(position)]
            : std::make_shared<const std::vector<double>>(
                  compute_seconds(distribution, cluster_, position)));
  }
  evaluation.latency_seconds = latency_seconds(network(), cluster_, evaluation);
  evaluation.period_seconds = period_seconds(network(), cluster_, evaluation);
  return evaluation;
}

Evaluation Evaluator::evaluate(const Choice& choice, Strategy strategy,
                               const Evaluation& similar) const {
  return evaluate(plan_of(choice, readers_, strategy, cluster_.ranks()), similar);
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
