#include "search/evaluation.hpp"

#include <algorithm>
#include <numeric>
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
  double message_seconds = 0;
  for (int rank = 0; rank < cluster.ranks(); ++rank) {
    const Host& host = cluster.host(rank);
    const auto sent = static_cast<double>(exchange.sent_bytes(rank));
    const auto received = static_cast<double>(exchange.received_bytes(rank));
    most.wire_seconds =
        std::max(most.wire_seconds, std::max(sent, received) / host.link.bytes_per_second);
    most.processor_seconds =
        std::max(most.processor_seconds, messaging_seconds(exchange, rank, host));
    message_seconds = std::max(message_seconds, host.link.message_seconds);
  }
  most.wire_seconds += message_seconds;
  return most;
}

/// Of one layer, by rank.
std::vector<double> compute_seconds(const Distribution& distribution, const Cluster& cluster,
                                    int position) {
  std::vector<double> seconds;
  for (int rank = 0; rank < cluster.ranks(); ++rank) {
    seconds.push_back(work_of(distribution, position, rank).seconds(cluster.host(rank).speed));
  }
  return seconds;
}

/// The time of one frame: for every layer its slowest rank's work, the bytes that it waits for, and
/// what the processors do for these bytes.  Borders do travel while other parts are computed; that
/// is left out, because on emulated clusters waiting was seen to add to computing.
std::vector<double> layer_seconds(const Network& network, const Cluster& cluster,
                                  const Evaluation& evaluation) {
  std::vector<Travel> outputs;  // to their readers
  std::vector<double> all;
  for (int position = 0; position < network.size(); ++position) {
    const std::vector<double>& compute =
        *evaluation.compute_seconds[static_cast<std::size_t>(position)];
    double seconds = *std::max_element(compute.begin(), compute.end());
    for (const int input : network.layer(position).inputs) {
      Travel& arriving = outputs[static_cast<std::size_t>(input)];
      seconds += arriving.wire_seconds + arriving.processor_seconds;
      arriving = {};  // its first reader waits for it
    }
    if (const Exchanges::Shared& partial = evaluation.exchanges.sums(position)) {
      const Travel sums = travel(*partial, cluster);
      seconds += sums.wire_seconds + sums.processor_seconds;
    }
    outputs.push_back(travel(*evaluation.exchanges.output(position), cluster));
    all.push_back(seconds);
  }
  return all;
}

/// What keeps the busiest processor or link busy for one frame.
double period_seconds(const Network& network, const Cluster& cluster,
                      const Evaluation& evaluation) {
  double period = 0;
  for (int rank = 0; rank < cluster.ranks(); ++rank) {
    const Host& host = cluster.host(rank);
    double processor = 0;
    double sent = 0;
    double received = 0;
    for (int position = 0; position < network.size(); ++position) {
      processor += (*evaluation.compute_seconds[static_cast<std::size_t>(
          position)])[static_cast<std::size_t>(rank)];
      for (const Exchanges::Shared* exchange :
           {&evaluation.exchanges.output(position), &evaluation.exchanges.sums(position)}) {
        if (!*exchange) continue;
        processor += messaging_seconds(**exchange, rank, host);
        sent += static_cast<double>((*exchange)->sent_bytes(rank));
        received += static_cast<double>((*exchange)->received_bytes(rank));
      }
    }
    period = std::max({period, processor, std::max(sent, received) / host.link.bytes_per_second});
  }
  return period;
}

}  // namespace

double messaging_seconds(const Exchange& exchange, int rank, const Host& host) {
  const std::size_t bytes = exchange.sent_bytes(rank) + exchange.received_bytes(rank);
  const auto messages = static_cast<double>(exchange.messages(rank));
  return messages * host.link.message_processor_seconds +
         static_cast<double>(bytes) * host.link.byte_processor_seconds +
         work_of_packing(bytes).seconds(host.speed);
}

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
  evaluation.layer_seconds = layer_seconds(network(), cluster_, evaluation);
  evaluation.latency_seconds =
      std::accumulate(evaluation.layer_seconds.begin(), evaluation.layer_seconds.end(), 0.0);
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
