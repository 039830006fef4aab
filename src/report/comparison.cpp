#include "report/comparison.hpp"

#include <algorithm>
#include <cmath>

#include "vpinfer/error.hpp"

namespace vpinfer {

Difference difference(std::span<const float> values, std::span<const float> reference) {
  Difference result;
  double scale = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double value = values[i];
    const double expected = reference[i];
    if (!std::isfinite(value) || !std::isfinite(expected)) {
      result.finite = false;
      continue;
    }
    result.max_abs = std::max(result.max_abs, std::abs(value - expected));
    scale = std::max(scale, std::abs(expected));
  }
  result.max_rel = scale > 0 ? result.max_abs / scale : result.max_abs;
  return result;
}

double tolerance(WireFormat wire) {
  switch (wire) {
    case WireFormat::kFloat: return 1e-4;
    case WireFormat::kHalf: return 1e-2;
    case WireFormat::kInt8: return 2e-1;
  }
  throw Bug("no tolerance is known for the format on the wire");
}

bool agrees(const Difference& difference, double tolerance) {
  return difference.finite && difference.max_rel <= tolerance;
}

bool Comparison::pass() const {
  return agrees(largest, tolerance);
}

}  // namespace vpinfer
