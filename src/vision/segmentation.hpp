#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/picture.hpp"
#include "net/depictions.hpp"
#include "vision/map_over_picture.hpp"

namespace vpinfer {

/// The class of each pixel of a picture.
struct Segmentation {
  int rows = 0;
  int cols = 0;
  std::vector<std::uint8_t> classes;  ///< [rows][cols]
  bool operator==(const Segmentation&) const = default;
};

/// What share of a picture belongs to a class.
struct ClassShare {
  int class_index = 0;
  float share = 0;
  bool operator==(const ClassShare&) const = default;
};

/// The class with the highest score, of equal ones the first, or of one score whether it is above a
/// half; or the number that stands there.  `output` is [rows][cols][channels] of `shape`.  Each
/// pixel of the picture takes that of the pixel of the map that it lies in.  A number that is no
/// class's is class 0.
[[nodiscard]] Segmentation segment(const ClassMap& map, std::span<const float> output,
                                   const Shape& shape, const MapOverPicture& frame,
                                   const Picture& picture);

/// Of the classes that there are, the largest first.
[[nodiscard]] std::vector<ClassShare> class_shares(const Segmentation& segmentation);

/// Pixels as numbers of classes in their colours; the background is black.
[[nodiscard]] IndexedPicture indexed(const ClassMap& map, const Segmentation& segmentation);

/// The picture with each class but the background in its colour, and a legend of the classes.
[[nodiscard]] Picture overlay(const Picture& picture, const ClassMap& map,
                              const Segmentation& segmentation,
                              const std::vector<std::string>& labels);

/// JSON: what share of each picture belongs to which classes.
struct PictureSegmentation {
  std::string file_name;  ///< without its folder
  int layer = 0;          ///< the number of the one that gave the map
  std::vector<ClassShare> shares;
};
[[nodiscard]] std::string segmentations_json(std::span<const PictureSegmentation> pictures,
                                             const std::vector<std::string>& labels);

}  // namespace vpinfer
