#pragma once

#include <span>
#include <string>
#include <vector>

#include "io/picture.hpp"
#include "net/network.hpp"
#include "vision/detection.hpp"

namespace vpinfer {

/// The points of an output, which is [rows][cols][channels] of the depiction's map.  In a heat map
/// the largest value counts, of equal ones the first, and the middle of its pixel.
[[nodiscard]] std::vector<Keypoint> find_points(const Landmarks& landmarks,
                                                std::span<const float> output, const Shape& map,
                                                const Network& network, const Picture& picture);

/// What was found in one picture file.
struct PictureLandmarks {
  std::string file_name;  ///< without its folder
  int layer = 0;          ///< the number of the one that gave the points
  std::vector<Keypoint> points;
};

/// JSON: for each picture its points as [x, y].
[[nodiscard]] std::string landmarks_json(std::span<const PictureLandmarks> pictures);

}  // namespace vpinfer
