#include "search/island_places.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "search/choice.hpp"

namespace vpinfer {
namespace {

/// The first rank with the largest number.
template <typename Number>
int rank_of_most(const std::vector<Number>& by_rank) {
  return static_cast<int>(std::max_element(by_rank.begin(), by_rank.end()) - by_rank.begin());
}

int fastest_rank(const Cluster& cluster) {
  std::vector<double> speeds;
  for (const Host& host : cluster.hosts) speeds.push_back(host.speed.loop_flop_per_second);
  return rank_of_most(speeds);
}

int rank_of_least_memory(const std::vector<RankMemory>& memory) {
  const auto least = std::min_element(
      memory.begin(), memory.end(),
      [](const RankMemory& a, const RankMemory& b) { return a.total() < b.total(); });
  return static_cast<int>(least - memory.begin());
}

}  // namespace

IslandPlaces::IslandPlaces(const Network& network) : readers_(network, {}) {
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  const std::vector<bool> with_islands = layers_with_islands(network);
  std::vector<std::size_t> group_of(network.layers.size(), kNone);
  for (int i = 1; i < network.size(); ++i) {
    const auto index = static_cast<std::size_t>(i);
    if (!with_islands[index]) continue;
    for (const int input : network.layer(i).inputs) {
      std::size_t& group = group_of[index];
      group = std::min(group, group_of[static_cast<std::size_t>(input)]);
    }
    if (group_of[index] == kNone) {
      group_of[index] = groups_.size();
      groups_.emplace_back();
    }
    groups_[group_of[index]].push_back(i);
  }
}

std::vector<Plan> IslandPlaces::alternatives(const Evaluation& evaluation, std::size_t group,
                                             const Cluster& cluster) const {
  const Group& layers = groups_[group];
  std::vector<Plan> plans;
  for (const int rank : ranks_for(evaluation, layers, cluster)) {
    plans.push_back(on_one(evaluation.plan, layers, rank));
  }
  if (is_small(layers)) plans.push_back(repeated(evaluation.plan, layers));
  std::erase(plans, evaluation.plan);
  return plans;
}

std::vector<int> IslandPlaces::ranks_for(const Evaluation& evaluation, const Group& group,
                                         const Cluster& cluster) const {
  const Network& network = readers_.network();
  const Plan& plan = evaluation.plan;
  std::vector<std::size_t> has(static_cast<std::size_t>(plan.ranks), 0);
  for (const int position : group) {
    for (const int input : network.layer(position).inputs) {
      if (std::binary_search(group.begin(), group.end(), input)) continue;
      for (int rank = 0; rank < plan.ranks; ++rank) {
        has[static_cast<std::size_t>(rank)] += plan.owned(input, rank).elements();
      }
    }
  }
  std::set<int> ranks{0, rank_of_most(has), fastest_rank(cluster)};
  if (!evaluation.memory.empty()) ranks.insert(rank_of_least_memory(evaluation.memory));
  return {ranks.begin(), ranks.end()};
}

Plan IslandPlaces::on_one(Plan plan, const Group& group, int rank) const {
  for (const int position : group) {
    LayerPlan& layer = plan.layers[static_cast<std::size_t>(position)];
    layer.owned.assign(layer.owned.size(), {});
    layer.owned[static_cast<std::size_t>(rank)] = whole(readers_.network().layer(position).output);
  }
  return plan;
}

/// From the last to the first, because what one reads is repeated too.
Plan IslandPlaces::repeated(Plan plan, const Group& group) const {
  for (auto position = group.rbegin(); position != group.rend(); ++position) {
    own_where_read(readers_, *position, plan);
  }
  return plan;
}

/// Whether what a group reads and gives hardly takes memory or time on every rank.
bool IslandPlaces::is_small(const Group& group) const {
  constexpr std::size_t kMostElements = 1 << 16;
  const Network& network = readers_.network();
  std::size_t elements = 0;
  for (const int position : group) {
    elements += network.layer(position).output.elements();
    for (std::size_t i = 0; i < network.layer(position).inputs.size(); ++i) {
      elements += network.input_shape(position, i).elements();
    }
  }
  return elements <= kMostElements;
}

}  // namespace vpinfer
