#include "search/pipeline.hpp"

#include <vector>

#include "search/choice.hpp"

namespace vpinfer {

int count_stages(const Network& network, const Plan& plan) {
  const Distribution distribution(network, plan);
  std::vector<int> stage_of(static_cast<std::size_t>(plan.ranks), 0);  // 0: of none yet
  stage_of.front() = 1;
  int stages = 1;
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
      if (stage != 0 && stage < stages) return 1;
      goes_on = goes_on || stage == stages;
    }
    if (!goes_on) ++stages;
    for (const std::size_t rank : team) stage_of[rank] = stages;
  }
  return stages;
}

}  // namespace vpinfer
