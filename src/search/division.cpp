#include "search/division.hpp"

#include <algorithm>
#include <numeric>
#include <span>
#include <string>

#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// Some of a division's ranks, side by side in its order, with their proportions.
struct Group {
  std::span<const int> ranks;
  std::span<const double> proportions;

  /// The same in so many parts.
  [[nodiscard]] std::vector<Group> parts(int count) const {
    const std::size_t size = ranks.size() / static_cast<std::size_t>(count);
    std::vector<Group> all;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      all.push_back({ranks.subspan(i * size, size), proportions.subspan(i * size, size)});
    }
    return all;
  }
};

/// Each group's share of an interval.
std::vector<Interval> shares_of(const std::vector<Group>& groups, Interval whole) {
  std::vector<double> proportions;
  for (const Group& group : groups) {
    proportions.push_back(std::accumulate(group.proportions.begin(), group.proportions.end(), 0.0));
  }
  std::vector<Interval> all = shares(whole.size(), proportions);
  for (Interval& share : all) share = shift(share, whole.begin);
  return all;
}

Box none_if_empty(const Box& box) {
  return box.empty() ? Box{} : box;
}

std::vector<int> all_of(int ranks) {
  std::vector<int> all(static_cast<std::size_t>(ranks));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/// Gives one cell to its ranks: all of it to one, or to several a share of its channels and of the
/// channels to sum over.
void give(const Group& group, const Box& cell, int input_channels, LayerPlan& plan) {
  const std::vector<Group> ranks = group.parts(static_cast<int>(group.ranks.size()));
  const std::vector<Interval> owned = shares_of(ranks, cell.channels);
  const std::vector<Interval> summed = shares_of(ranks, {0, input_channels});
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    const auto rank = static_cast<std::size_t>(ranks[i].ranks.front());
    plan.owned[rank] = none_if_empty({cell.rows, cell.cols, owned[i]});
    if (!plan.divides_sums() || cell.empty()) continue;
    plan.sums[rank] = {summed[i].empty() ? Box{} : cell, summed[i]};
  }
}

}  // namespace

std::vector<Interval> shares(int size, const std::vector<double>& proportions) {
  const double all = std::accumulate(proportions.begin(), proportions.end(), 0.0);
  std::vector<Interval> result;
  double before = 0;
  int begin = 0;
  for (const double proportion : proportions) {
    before += proportion;
    // The last that gets anything reaches the end, whatever is rounded.
    const int end = all <= 0 ? 0 : before >= all ? size : static_cast<int>(size * before / all);
    result.push_back({begin, end});
    begin = end;
  }
  return result;
}

int rank_of_largest_share(const Division& division) {
  const std::vector<double>& proportions = division.proportions;
  const auto largest = std::max_element(proportions.begin(), proportions.end());
  return division.ranks.at(static_cast<std::size_t>(largest - proportions.begin()));
}

Division on_rank(int rank) {
  return {.ranks = {rank}};
}

Division in_rows(int ranks) {
  return {.rows = ranks, .ranks = all_of(ranks)};
}

Division in_channels(int ranks) {
  return in_channels_and_sums(ranks, 1);
}

Division in_sums(int ranks) {
  return in_channels_and_sums(1, ranks);
}

Division in_channels_and_sums(int channels, int sums) {
  return {.channels = channels, .sums = sums, .ranks = all_of(channels * sums)};
}

LayerPlan divide(const Division& division, const Shape& output, int input_channels, int ranks,
                 WireFormat wire) {
  const std::size_t cells =
      static_cast<std::size_t>(division.rows) * static_cast<std::size_t>(division.cols) *
      static_cast<std::size_t>(division.channels) * static_cast<std::size_t>(division.sums);
  std::vector<double> proportions = division.proportions;
  if (proportions.empty()) proportions.assign(division.ranks.size(), 1.0);
  if (division.ranks.size() != cells || proportions.size() != cells) {
    throw Bug("a division of " + std::to_string(cells) + " cells over " +
              std::to_string(division.ranks.size()) + " ranks");
  }
  LayerPlan plan{Layout(static_cast<std::size_t>(ranks)), {}, wire, format_of_sums(wire)};
  if (division.sums > 1) plan.sums.resize(static_cast<std::size_t>(ranks));
  const Box all = whole(output);
  const std::vector<Group> of_rows = Group{division.ranks, proportions}.parts(division.rows);
  const std::vector<Interval> rows = shares_of(of_rows, all.rows);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::vector<Group> of_cols = of_rows[r].parts(division.cols);
    const std::vector<Interval> cols = shares_of(of_cols, all.cols);
    for (std::size_t c = 0; c < cols.size(); ++c) {
      const std::vector<Group> of_channels = of_cols[c].parts(division.channels);
      const std::vector<Interval> channels = shares_of(of_channels, all.channels);
      for (std::size_t g = 0; g < channels.size(); ++g) {
        give(of_channels[g], none_if_empty({rows[r], cols[c], channels[g]}), input_channels, plan);
      }
    }
  }
  return plan;
}

}  // namespace vpinfer
