#pragma once

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

/// Near-black or white, whichever reads better on the background.
[[nodiscard]] Colour text_colour(const Colour& background);

}  // namespace vpinfer
