#pragma once

#include <span>
#include <string>
#include <vector>

#include "io/picture.hpp"
#include "vision/detection.hpp"
#include "vision/palette.hpp"

namespace vpinfer {

/// The picture with a coloured box around each detection, its mask and a tag such as `dog 0.82`.  A
/// class has the same colour in every picture; lines and letters grow with the picture; tags stay
/// inside it and keep clear of each other where there is room.  Detections that are not finite are
/// left out. Throws BadInput if a label is not UTF-8 or the picture is longer than 32767 pixels on
/// a side.
[[nodiscard]] Picture annotate(const Picture& picture, std::span<const Detection> detections,
                               const std::vector<std::string>& labels);

/// A line of a legend.
struct LegendEntry {
  std::string text;
  Colour colour;
};

/// The picture with a legend at its upper left: as many lines as fit, the first ones.  Throws like
/// `annotate`.
[[nodiscard]] Picture with_legend(const Picture& picture, std::span<const LegendEntry> legend);

/// The picture with a dot at each point, of a colour of its own.  Throws like `annotate`.
[[nodiscard]] Picture with_points(const Picture& picture, std::span<const Keypoint> points);

}  // namespace vpinfer
