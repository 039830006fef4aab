#include "search/pipeline.hpp"

#include "search/choice.hpp"

namespace vpinfer {

std::vector<int> stage_sizes(const Network& network, const Plan& plan) {
  const Distribution distribution(network, plan);
  std::vector<int> stage_of(static_cast<std::size_t>(plan.ranks), 0);  // 0: of none yet
  stage_of.front() = 1;
  int stages = 1;
  bool comes_back = false;
  for (int position = 1; position < network.size(); ++position) {
    if (stays_on_rank_0(network.layer(position)) || is_cheaper_repeated(network, position)) {
      continue;
    }
    std::vector<std::size_t> team;
    bool goes_on = false;
    for (int rank = 0; rank < plan.ranks; ++rank) {
      if (distribution.computed(position, rank).empty() && plan.owned(position, rank).empty()) {
        continue;
      }
      team.push_back(static_cast<std::size_t>(rank));
      const int stage = stage_of[team.back()];
      comes_back = comes_back || (stage != 0 && stage < stages);
      goes_on = goes_on || stage == stages;
    }
    if (!goes_on) ++stages;
    for (const std::size_t rank : team) stage_of[rank] = stages;
  }
  std::vector<int> sizes(comes_back ? 1 : static_cast<std::size_t>(stages), 0);
  for (const int stage : stage_of) {
    if (stage != 0) ++sizes[comes_back ? 0 : static_cast<std::size_t>(stage) - 1];
  }
  return sizes;
}

int count_stages(const Network& network, const Plan& plan) {
  return static_cast<int>(stage_sizes(network, plan).size());
}

}  // namespace vpinfer
