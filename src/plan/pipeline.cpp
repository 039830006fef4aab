#include "plan/pipeline.hpp"

#include <set>

#include "plan/layouts.hpp"

namespace vpinfer {

bool is_pipeline(const Network& network, const Plan& plan) {
  if (!plan.sums.empty()) return false;
  const Repeated repeated = cheaper_repeated(network);
  std::set<int> used;
  int stage = 0;
  for (int position = 0; position < network.size(); ++position) {
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
