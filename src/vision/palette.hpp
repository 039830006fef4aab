#pragma once

#include <span>

#include "io/picture.hpp"

namespace vpinfer {

/// sRGB, each part in [0, 1].
struct Colour {
  double red = 0;
  double green = 0;
  double blue = 0;
  bool operator==(const Colour&) const = default;
};

/// The colour of a class: the same in every picture, vivid, and well apart from its neighbours'.
[[nodiscard]] Colour class_colour(int class_index);

[[nodiscard]] Rgb to_bytes(const Colour& colour);

/// Lays a colour over a pixel that stays to be seen beneath.
void lay_over(std::span<std::uint8_t, 3> pixel, const Rgb& colour);

/// Near-black or white, whichever reads better on the background.
[[nodiscard]] Colour text_colour(const Colour& background);

}  // namespace vpinfer
