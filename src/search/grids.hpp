#pragma once

#include <cstddef>
#include <vector>

#include "search/division.hpp"
#include "search/evaluation.hpp"

namespace vpinfer {

/// The ways to cut a layer over all of some ranks, in proportions: rows; rows by columns; rows by
/// groups of channels by groups of summed channels, any of which may be one; and the whole layer on
/// one of the ranks, which has the largest proportion.  Rows come first.
[[nodiscard]] std::vector<Division> grids(const std::vector<int>& ranks,
                                          const std::vector<double>& proportions);

/// The few of these ways that together serve the layers best, if each layer is cut in the fastest
/// of them.
[[nodiscard]] std::vector<Division> best_few(const Evaluator& evaluator, const Formats& formats,
                                             std::vector<Division> ways, std::size_t few);

}  // namespace vpinfer
