#pragma once

#include <span>

#include "io/picture.hpp"
#include "net/network.hpp"
#include "vpinfer/box.hpp"

namespace vpinfer {

/// Where the resized picture lies within the network's input.
struct Placement {
  Interval rows;
  Interval cols;
  bool operator==(const Placement&) const = default;
};

/// Letterbox: the largest centred placement of the picture's aspect ratio, rounded as Darknet's
/// letterbox_image does, but never empty.  Top left: the same, not centred.  Stretch: the whole
/// input.
[[nodiscard]] Placement place_picture(Resize resize, int picture_rows, int picture_cols,
                                      const Shape& input);

/// Writes the network's input for a picture: resized bilinearly on the network's pixel grid, for
/// kCorners as Darknet's resize_image does it, the rest filled, then normalised.
/// `tensor` is [rows][cols][channels] of `input`.  Three channels are RGB or BGR, one is the luma
/// 0.299 R + 0.587 G + 0.114 B.  Throws BadInput for other channel counts.
void write_input_tensor(const Picture& picture, const Shape& input,
                        const InputNormalisation& normalisation, std::span<float> tensor);

}  // namespace vpinfer
