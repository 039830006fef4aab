#pragma once

#include <cstddef>
#include <span>

#include "io/picture.hpp"

namespace vpinfer {

/// The tag Orientation of Exif data, 1 to 8; 1, upright, if there is none that makes sense.  `data`
/// is a JPEG file, or `Exif\0\0` and a TIFF header with its directories.
[[nodiscard]] int exif_orientation(std::span<const std::byte> data);

/// The picture as its camera was held: turned and mirrored as the orientation asks for.
[[nodiscard]] Picture upright(Picture picture, int orientation);

}  // namespace vpinfer
