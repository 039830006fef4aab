#pragma once

#include <string>
#include <vector>

#include "vpinfer/report.hpp"

namespace vpinfer {

/// Smallest, middle and largest of some durations.
struct Spread {
  double min = 0;
  double median = 0;
  double max = 0;
};

/// Of at least one value.
[[nodiscard]] Spread spread(std::vector<double> values);

/// Round trip through JSON text, for gathering.
[[nodiscard]] std::string to_json(const RankReport& report);
[[nodiscard]] RankReport rank_report_from_json(const std::string& text);

}  // namespace vpinfer
