#pragma once

#include <span>

#include "io/picture.hpp"
#include "net/network.hpp"

namespace vpinfer {

/// The picture that an output is, without what is beyond the picture seen: in its own size or in
/// that of the picture seen, which gives a luma its chroma.  `output` is [rows][cols][channels] of
/// the depiction's map.  Three channels have the order of the network's input; one is grey.
[[nodiscard]] Picture draw(const DrawnPicture& drawn, std::span<const float> output,
                           const Shape& map, const Network& network, const Picture& seen);

}  // namespace vpinfer
