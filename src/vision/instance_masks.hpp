#pragma once

#include <span>

#include "io/picture.hpp"
#include "vision/detection.hpp"
#include "vision/map_over_picture.hpp"

namespace vpinfer {

/// An output that holds prototypes of masks, [rows][cols][channels] of `map`.
struct PrototypeMaps {
  std::span<const float> values;
  const Shape& map;
};

/// Makes a mask of the coefficients of each detection that has any, one per channel (YOLACT, Bolya
/// et al., 2019): the sigmoid of the sum of prototypes by coefficients, enlarged bilinearly to the
/// picture, where it is above a half and the middle of the pixel lies in the box.
void make_masks(std::span<Detection> detections, const PrototypeMaps& prototypes,
                const MapOverPicture& over, const Picture& picture);

}  // namespace vpinfer
