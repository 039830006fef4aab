#pragma once

#include <span>
#include <string>
#include <vector>

#include "io/picture.hpp"
#include "vision/detection.hpp"

namespace vpinfer {

/// The picture with a coloured box around each detection and a tag such as `dog 0.82`.  A class has
/// the same colour in every picture; lines and letters grow with the picture; tags stay inside it
/// and keep clear of each other where there is room.  Detections that are not finite are left out.
/// Throws BadInput if a label is not UTF-8 or the picture is longer than 32767 pixels on a side.
[[nodiscard]] Picture annotate(const Picture& picture, std::span<const Detection> detections,
                               const std::vector<std::string>& labels);

}  // namespace vpinfer
