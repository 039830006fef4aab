#pragma once

#include <string>
#include <variant>
#include <vector>

#include "vpinfer/box.hpp"

namespace vpinfer {

// What an output shows that is neither boxes nor classes of the whole picture: a map that lies over
// the picture, or points in it, or what the masks of a detector's objects are made of.  Data for
// rank 0, which draws it; no layer knows of it.

/// A class for each pixel (semantic segmentation).
struct ClassMap {
  int classes = 0;
  bool numbered = false;    ///< whether a pixel is its class's number, or a score per class; one
                            ///< score for two classes is the second one's
  bool background = false;  ///< whether class 0 is what belongs to none
  bool operator==(const ClassMap&) const = default;
};

/// What the numbers of a drawn picture are.
enum class PixelScale {
  kUnit,       ///< from 0 to 1
  kBytes,      ///< from 0 to 255
  kSigned,     ///< from -1 to 1
  kInput,      ///< as those of the network's input
  kStretched,  ///< the least of a picture is black, the greatest white
};

/// A picture: of one channel grey (depth, saliency, a matte), of three colours (super resolution,
/// style), in the order of the input's.
struct DrawnPicture {
  PixelScale scale = PixelScale::kUnit;
  bool enlarges = false;  ///< whether it is shown in its own size, or in that of the picture seen
  bool keeps_colours = false;  ///< whether it is the luma of the picture seen, whose chroma it gets
  bool operator==(const DrawnPicture&) const = default;
};

/// Where the numbers of a point stand and what they are.
enum class PointCoding {
  kPixels,    ///< x and y in pixels of the network's input; a third number is not looked at
  kShares,    ///< the same as shares of it
  kHeatMaps,  ///< a channel per point, largest where the point is
};

/// Points in the picture (landmarks of a face, a hand or a body).
struct Landmarks {
  PointCoding coding = PointCoding::kPixels;
  bool operator==(const Landmarks&) const = default;
};

/// Maps that lie over the picture, a channel each, of which the coefficients of a detector's
/// candidate make the mask of its object (YOLACT, Bolya et al., 2019).
struct MaskPrototypes {
  bool operator==(const MaskPrototypes&) const = default;
};

/// One output and what it shows.  Of coordinates, `map` has a row per point and their numbers as
/// channels.
struct Depiction {
  int position = 0;  ///< of the layer
  Shape map;         ///< extents of its elements, row-major
  std::variant<ClassMap, DrawnPicture, Landmarks, MaskPrototypes> content;
  bool operator==(const Depiction&) const = default;
};

/// The most classes whose numbers fit into a picture.
inline constexpr int kMostMapClasses = 256;

/// For people: `one of 21 classes for each of 128 x 128 pixels`.
[[nodiscard]] std::string describe(const Depiction& depiction);

/// Throws BadInput, beginning with `where`, if the depiction does not fit an output of this shape.
void check_depiction(const Depiction& depiction, const Shape& output, const std::string& where);

}  // namespace vpinfer
