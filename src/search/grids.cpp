#include "search/grids.hpp"

#include <algorithm>
#include <utility>

namespace vpinfer {

std::vector<Division> grids(const std::vector<int>& ranks, const std::vector<double>& proportions) {
  const int size = static_cast<int>(ranks.size());
  std::vector<Division> all{{.rows = size, .ranks = ranks, .proportions = proportions}};
  if (size == 1) return all;
  for (int groups = 2; groups <= size; ++groups) {
    if (size % groups != 0) continue;
    Division division{.rows = size / groups, .ranks = ranks, .proportions = proportions};
    if (groups < size) {
      division.cols = groups;
      all.push_back(division);
      division.cols = 1;
    }
    division.channels = groups;
    all.push_back(division);
    division.sums = std::exchange(division.channels, 1);
    all.push_back(division);
  }
  const auto fastest = std::max_element(proportions.begin(), proportions.end());
  all.push_back(on_rank(ranks[static_cast<std::size_t>(fastest - proportions.begin())]));
  return all;
}

}  // namespace vpinfer
