#pragma once

#include <vector>

#include "vpinfer/plan.hpp"

namespace vpinfer {

/// Contiguous shares of [0, size) in these proportions, none negative; shares may be empty, and are
/// if all proportions are 0.
[[nodiscard]] std::vector<Interval> shares(int size, const std::vector<double>& proportions);

/// How the work of one layer is cut, over a list of ranks:
///
///     rows x cols x channel groups              each cell among as many ranks again as there are
///     +---------+---------+                     groups of summed channels: every one of them has
///     | 0 1     | 2 3     |  channels 0:n/2     partial sums of the whole cell and ends up with a
///     +---------+---------+                     share of its channels
///     | 4 5     | 6 7     |
///     +---------+---------+ (and again for channels n/2:n ...)
///
/// Rows are shared out first, then in each row of cells the columns, in each of those the channels,
/// in each of those the summed channels, always in the proportions of the ranks concerned.
struct Division {
  int rows = 1;
  int cols = 1;
  int channels = 1;
  int sums = 1;              ///< groups of summed input channels
  std::vector<int> ranks{};  ///< rows * cols * channels * sums of them, in this order of cells
  std::vector<double> proportions{};  ///< of the ranks' shares; none: all alike

  bool operator==(const Division&) const = default;
};

/// The first of the ranks with the largest proportion.
[[nodiscard]] int rank_of_largest_share(const Division& division);

/// Everything on one rank.
[[nodiscard]] Division on_rank(int rank);
/// Over all ranks, all alike.
[[nodiscard]] Division in_rows(int ranks);
[[nodiscard]] Division in_channels(int ranks);
[[nodiscard]] Division in_sums(int ranks);
/// Over so many groups of channels times so many of summed channels.
[[nodiscard]] Division in_channels_and_sums(int channels, int sums);

/// The plan of one layer with such an output, `input_channels` of which it sums over, on so many
/// ranks; those that the division does not name get nothing.  Throws Bug if the division is not of
/// as many ranks as cells.
[[nodiscard]] LayerPlan divide(const Division& division, const Shape& output, int input_channels,
                               int ranks, WireFormat wire);

}  // namespace vpinfer
