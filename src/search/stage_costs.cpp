#include "search/stage_costs.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "search/grids.hpp"
#include "search/work.hpp"

namespace vpinfer {
namespace {

/// The ways to cut a layer among so many hosts that are alike.
std::vector<Division> ways_of(int hosts) {
  std::vector<int> ranks(static_cast<std::size_t>(hosts));
  std::iota(ranks.begin(), ranks.end(), 0);
  return grids(ranks, std::vector<double>(ranks.size(), 1.0));
}

/// Adds what one layer's messages take of a rank's processor, and of its link in the fuller
/// direction.
void add_messages(const Travel& travel, const Exchanges::Shared& exchange, int rank,
                  double& seconds, double& bytes) {
  if (travel.processor_seconds.empty()) return;
  seconds += travel.processor_seconds[static_cast<std::size_t>(rank)];
  bytes +=
      static_cast<double>(std::max(exchange->sent_bytes(rank), exchange->received_bytes(rank)));
}

}  // namespace

StageCosts::StageCosts(const Network& network, Cluster cluster, const Choice& usual,
                       std::vector<int> cuts, std::vector<int> sizes, Counts counts)
    : cluster_(std::move(cluster)),
      cuts_(std::move(cuts)),
      sizes_(std::move(sizes)),
      counts_(counts) {
  cuts_.push_back(network.size());
  worth_ = speeds(network, usual.conv, cluster_);
  const double first = worth_.front();
  for (double& worth : worth_) worth /= first;
  for (const int size : sizes_) {
    const Cluster hosts = cluster_of(size, cluster_.host(0));
    const Evaluator team(network, hosts, {});
    ways_.emplace_back();
    for (const Division& division : ways_of(size)) {
      Choice choice = usual;
      choice.divisions.assign(network.layers.size(), division);
      follow_islands(network, choice);
      ways_.back().push_back(loads(team, choice));
    }
  }
  look_at_activations(network);
  look_at_crossings(network, usual);
}

Interval StageCosts::positions(Interval runs) const {
  return {cuts_[static_cast<std::size_t>(runs.begin)], cuts_[static_cast<std::size_t>(runs.end)]};
}

std::optional<StageCosts::Cost> StageCosts::cost(Interval runs, Interval hosts,
                                                 const std::vector<std::size_t>& limits) const {
  const auto size = std::find(sizes_.begin(), sizes_.end(), hosts.size()) - sizes_.begin();
  const std::vector<Way>& ways = ways_[static_cast<std::size_t>(size)];
  const std::size_t limit =
      *std::min_element(limits.begin() + hosts.begin, limits.begin() + hosts.end);
  std::optional<Cost> best;
  for (std::size_t way = 0; way < ways.size(); ++way) {
    if (bytes(ways[way], runs, hosts) > limit) continue;
    const Cost here = cost_of(way, ways, runs, hosts);
    if (!best || here.seconds < best->seconds) best = here;
  }
  return best;
}

StageCosts::Way StageCosts::loads(const Evaluator& team, const Choice& choice) const {
  const Evaluation evaluation = team.evaluate(choice, Strategy::kAuto);
  const Distribution distribution(team.network(), evaluation.plan);
  Way way{{}};
  for (int run = 0; run < runs(); ++run) {
    Load load = way.back();
    for (int i = positions({run, run + 1}).begin; i < positions({run, run + 1}).end; ++i) {
      const LayerCost& cost = *evaluation.costs[static_cast<std::size_t>(i)];
      double most_seconds = 0;
      double most_bytes = 0;
      std::size_t most_weights = 0;
      for (int rank = 0; rank < distribution.ranks(); ++rank) {
        double seconds = cost.compute_seconds[static_cast<std::size_t>(rank)];
        double moved = 0;
        add_messages(cost.output, evaluation.exchanges.output(i), rank, seconds, moved);
        add_messages(cost.sums, evaluation.exchanges.sums(i), rank, seconds, moved);
        most_seconds = std::max(most_seconds, seconds);
        most_bytes = std::max(most_bytes, moved);
        most_weights = std::max(most_weights, distribution.stored(i, rank).weight_bytes);
      }
      load.seconds += most_seconds;
      load.moved_bytes += most_bytes;
      load.weights_bytes += most_weights;
    }
    way.push_back(load);
  }
  return way;
}

void StageCosts::look_at_activations(const Network& network) {
  for (int run = 0; run < runs(); ++run) {
    std::size_t most = 0;
    for (int i = positions({run, run + 1}).begin; i < positions({run, run + 1}).end; ++i) {
      std::size_t elements = network.layer(i).output.elements();
      for (const int input : network.layer(i).inputs) {
        elements += network.layer(input).output.elements();
      }
      most = std::max(most, sizeof(float) * elements);
    }
    activations_bytes_.push_back(most);
  }
}

void StageCosts::look_at_crossings(const Network& network, const Choice& usual) {
  const Demand demand(network, {});
  std::vector<int> last_reader(network.layers.size(), -1);  // by position
  crossing_bytes_.assign(cuts_.size(), 0.0);
  for (int i = network.size() - 1; i >= 0; --i) {
    int& last = last_reader[static_cast<std::size_t>(i)];
    for (const Demand::Reader& reader : demand.readers(i)) {
      const auto position = static_cast<std::size_t>(reader.position);
      last = std::max(last, usual.repeated[position] ? last_reader[position] : reader.position);
    }
    if (usual.repeated[static_cast<std::size_t>(i)]) continue;  // what it reads crosses instead
    for (std::size_t cut = 0; cut < cuts_.size(); ++cut) {
      if (i >= cuts_[cut] || last < cuts_[cut]) continue;
      crossing_bytes_[cut] +=
          static_cast<double>(bytes_of(usual.wire, network.layer(i).output.elements()));
    }
  }
}

StageCosts::Cost StageCosts::cost_of(std::size_t index, const std::vector<Way>& ways, Interval runs,
                                     Interval hosts) const {
  const Load& before = ways[index][static_cast<std::size_t>(runs.begin)];
  const Load& after = ways[index][static_cast<std::size_t>(runs.end)];
  double worth = 0;
  double rate = std::numeric_limits<double>::infinity();
  for (int host = hosts.begin; host < hosts.end; ++host) {
    worth += worth_[static_cast<std::size_t>(host)];
    rate = std::min(rate, cluster_.host(host).link.bytes_per_second);
  }
  const double handed_on = crossing_bytes_[static_cast<std::size_t>(runs.end)];
  const double crossing =
      std::max(crossing_bytes_[static_cast<std::size_t>(runs.begin)], handed_on);
  double seconds = (after.seconds - before.seconds) * hosts.size() / worth;
  if (counts_ == Counts::kProcessorsAndLinks) {
    const double moved = after.moved_bytes - before.moved_bytes + crossing / hosts.size();
    seconds = std::max(seconds, moved / rate);
  }
  return {seconds, handed_on, index};
}

/// That the fullest host of a team takes.
std::size_t StageCosts::bytes(const Way& way, Interval runs, Interval hosts) const {
  const auto begin = static_cast<std::size_t>(runs.begin);
  const auto end = static_cast<std::size_t>(runs.end);
  const std::size_t activations = *std::max_element(activations_bytes_.begin() + runs.begin,
                                                    activations_bytes_.begin() + runs.end);
  return way[end].weights_bytes - way[begin].weights_bytes +
         activations / static_cast<std::size_t>(hosts.size());
}

}  // namespace vpinfer
