#include "tensor/interpolation.hpp"

#include <algorithm>
#include <cmath>

namespace vpinfer {

float Interpolator::weight(float distance) const {
  const float d = std::abs(distance);
  if (!cubic) return d < 1 ? 1 - d : 0;
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

std::vector<WeightedPlace> Interpolator::neighbours(float at) const {
  constexpr float kFarthest = 1e9F;  // beyond any axis, and its neighbours still count
  at = std::isnan(at) ? -kFarthest : std::clamp(at, -kFarthest, kFarthest);
  const float reach = (cubic ? 2.0F : 1.0F) * stretch;
  const auto first = static_cast<std::int64_t>(std::floor(at - reach)) + 1;
  const auto last = static_cast<std::int64_t>(std::ceil(at + reach)) - 1;
  std::vector<WeightedPlace> places;
  for (std::int64_t place = first; place <= last; ++place) {
    places.push_back({place, weight((static_cast<float>(place) - at) / stretch)});
  }
  return places;
}

void normalise(std::vector<WeightedPlace>& places) {
  float sum = 0;
  for (const WeightedPlace& place : places) sum += place.weight;
  if (sum == 0) return;
  for (WeightedPlace& place : places) place.weight /= sum;
}

}  // namespace vpinfer
