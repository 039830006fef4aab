#pragma once

#include <cstdint>
#include <vector>

namespace vpinfer {

/// An element along an axis, and what it weighs in a sum; it may lie outside of the axis.
struct WeightedPlace {
  std::int64_t place = 0;
  float weight = 0;
};

/// How neighbours are weighed by their distance: straight, or by the cubic convolution of Keys
/// (1981) with coefficient `a`.
struct Interpolator {
  bool cubic = false;
  float a = -0.75F;
  float stretch = 1;  ///< of distances: more than 1 smooths

  /// The neighbours of a coordinate; their weights add up to 1 if it is not stretched.
  [[nodiscard]] std::vector<WeightedPlace> neighbours(float at) const;

 private:
  [[nodiscard]] float weight(float distance) const;
};

/// Makes weights add up to 1.
void normalise(std::vector<WeightedPlace>& places);

}  // namespace vpinfer
