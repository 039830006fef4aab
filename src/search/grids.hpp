#pragma once

#include <vector>

#include "search/division.hpp"

namespace vpinfer {

/// The ways to cut a layer over all of some ranks, in proportions: rows; rows by columns, groups of
/// channels or of summed channels; channels; sums; and the whole layer on one of the ranks, which
/// has the largest proportion.  Rows come first.
[[nodiscard]] std::vector<Division> grids(const std::vector<int>& ranks,
                                          const std::vector<double>& proportions);

}  // namespace vpinfer
