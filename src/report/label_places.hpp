#pragma once

#include <optional>
#include <vector>

#include "report/svg.hpp"

namespace vpinfer {

/// Finds places for the labels of points in a diagram, where they cover neither each other nor a
/// point.
class LabelPlaces {
 public:
  /// Labels stay within the area.
  explicit LabelPlaces(const Rectangle& area) : area_(area) {}

  /// No label covers it.
  void occupy(const Rectangle& place) { occupied_.push_back(place); }

  /// The nearest free place of a size for the label of a point with such a radius, which is
  /// occupied then.  Nothing if there is none near.
  [[nodiscard]] std::optional<Rectangle> find(Point point, double radius, double width,
                                              double height);

 private:
  [[nodiscard]] bool is_free(const Rectangle& place) const;

  Rectangle area_;
  std::vector<Rectangle> occupied_;
};

}  // namespace vpinfer
