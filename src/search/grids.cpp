#include "search/grids.hpp"

#include <algorithm>
#include <limits>
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
    for (division.sums = 1; division.sums <= groups; ++division.sums) {
      if (groups % division.sums != 0) continue;
      division.channels = groups / division.sums;
      all.push_back(division);
    }
  }
  all.push_back(on_rank(rank_of_largest_share(all.front())));
  return all;
}

std::vector<Division> best_few(const Evaluator& evaluator, const Formats& formats,
                               std::vector<Division> ways, std::size_t few) {
  if (ways.size() <= few) return ways;
  const Network& network = evaluator.network();
  std::vector<std::vector<double>> seconds;  // by way, then layer, if all are cut alike
  for (const Division& way : ways) {
    const Choice choice = divide_alike(network, way, formats);
    seconds.push_back(evaluator.evaluate(choice, Strategy::kAuto).layer_seconds);
  }
  std::vector<Division> chosen;
  std::vector<double> best(network.layers.size(), std::numeric_limits<double>::max());
  while (chosen.size() < few) {
    std::vector<double> sums;  // with each way in addition
    for (const std::vector<double>& way : seconds) {
      double sum = 0;
      for (std::size_t i = 0; i < best.size(); ++i) sum += std::min(best[i], way[i]);
      sums.push_back(sum);
    }
    const auto next = std::min_element(sums.begin(), sums.end()) - sums.begin();
    const std::vector<double>& added = seconds[static_cast<std::size_t>(next)];
    for (std::size_t i = 0; i < best.size(); ++i) best[i] = std::min(best[i], added[i]);
    chosen.push_back(std::move(ways[static_cast<std::size_t>(next)]));
    ways.erase(ways.begin() + next);
    seconds.erase(seconds.begin() + next);
  }
  return chosen;
}

}  // namespace vpinfer
