#include "search/pipeline.hpp"

#include <set>

#include "search/choice.hpp"

namespace vpinfer {

bool is_pipeline(const Network& network, const Plan& plan) {
  std::set<int> used;
  int stage = 0;
  for (int position = 0; position < network.size(); ++position) {
    if (plan.layer(position).divides_sums()) return false;
    std::set<int> owners;
    for (int rank = 0; rank < plan.ranks; ++rank) {
      if (!plan.owned(position, rank).empty()) owners.insert(rank);
    }
    used.insert(owners.begin(), owners.end());
    if (stays_on_rank_0(network.layer(position)) || is_cheaper_repeated(network, position)) {
      continue;
    }
    if (owners.size() != 1 || *owners.begin() < stage) return false;
    stage = *owners.begin();
  }
  return used.size() > 1;
}

}  // namespace vpinfer
