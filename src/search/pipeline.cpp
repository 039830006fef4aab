#include "search/pipeline.hpp"

#include <set>
#include <vector>

#include "search/choice.hpp"

namespace vpinfer {

bool is_pipeline(const Network& network, const Plan& plan) {
  const std::vector<bool> repeated = divide_alike(network, on_rank(0)).repeated;
  std::set<int> used;
  int stage = 0;
  for (int position = 0; position < network.size(); ++position) {
    if (plan.layer(position).divides_sums()) return false;
    std::set<int> owners;
    for (int rank = 0; rank < plan.ranks; ++rank) {
      if (!plan.owned(position, rank).empty()) owners.insert(rank);
    }
    used.insert(owners.begin(), owners.end());
    const bool anywhere = position == 0 || is_head(network.layer(position).operation) ||
                          repeated[static_cast<std::size_t>(position)];
    if (anywhere) continue;
    if (owners.size() != 1 || *owners.begin() < stage) return false;
    stage = *owners.begin();
  }
  return used.size() > 1;
}

}  // namespace vpinfer
