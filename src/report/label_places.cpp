#include "report/label_places.hpp"

#include <algorithm>
#include <array>

namespace vpinfer {
namespace {

/// Where a label lies as seen from its point, the best first: -1 for left or above, 1 for right or
/// below, 0 for centred.
struct Direction {
  double x = 0;
  double y = 0;
};
constexpr std::array<Direction, 8> kDirections{
    {{1, -1}, {1, 0}, {0, -1}, {1, 1}, {-1, -1}, {-1, 0}, {0, 1}, {-1, 1}}};

Rectangle beside(Point point, double distance, Direction direction, double width, double height) {
  const double centre_x = point.x + direction.x * (distance + 0.5 * width);
  const double centre_y = point.y + direction.y * (distance + 0.5 * height);
  return {centre_x - 0.5 * width, centre_y - 0.5 * height, width, height};
}

}  // namespace

bool LabelPlaces::is_free(const Rectangle& place) const {
  return area_.contains(place) &&
         std::none_of(occupied_.begin(), occupied_.end(),
                      [&](const Rectangle& other) { return other.overlaps(place); });
}

std::optional<Rectangle> LabelPlaces::find(Point point, double radius, double width,
                                           double height) {
  constexpr int kFarthest = 12;  // in half heights of a label
  for (int i = 0; i <= kFarthest; ++i) {
    for (const Direction& direction : kDirections) {
      const Rectangle place =
          beside(point, radius + 1 + 0.5 * i * height, direction, width, height);
      if (!is_free(place)) continue;
      occupy(place);
      return place;
    }
  }
  return std::nullopt;
}

}  // namespace vpinfer
