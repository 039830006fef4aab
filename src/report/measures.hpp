#pragma once

#include <string>
#include <vector>

#include "report/table.hpp"
#include "vpinfer/prediction.hpp"

namespace vpinfer {

/// Columns of a table for what plans take: time of a frame alone, frames per second, memory of the
/// fullest rank and bytes moved.
[[nodiscard]] std::vector<Table::Column> measure_columns();
/// A plan's cells in these columns.
[[nodiscard]] std::vector<std::string> measure_cells(const Prediction& prediction);

/// `plan 3` or `vertical`, with its times and the memory of its fullest rank in one line.
[[nodiscard]] std::string describe_measures(const std::string& name, const Prediction& prediction);

}  // namespace vpinfer
