#pragma once

#include <array>

#include "tensor/node.hpp"
#include "vpinfer/box.hpp"

namespace vpinfer {

/// In which order a tensor of any number of axes has the elements of a box, slowest axis first.
using AxisOrder = std::array<Axis, 3>;
inline constexpr AxisOrder kChannelsFirst{Axis::kChannels, Axis::kRows, Axis::kCols};
inline constexpr AxisOrder kChannelsLast{Axis::kRows, Axis::kCols, Axis::kChannels};

/// How a tensor lies in a box: its elements, row-major, are those of the box in this order.
struct TensorForm {
  OnnxDims dims;
  AxisOrder order = kChannelsLast;
  bool is_float = true;  ///< or whole numbers, which a box holds as floats: exact up to 2^24
  bool operator==(const TensorForm&) const = default;
};

/// The box that a tensor lies in: [1, C, H, W] as a picture, [1, T, C] as a column of T pixels, all
/// others as the channels of one.  Empty if it has no elements or too many.
[[nodiscard]] Shape box_of(const OnnxDims& dims);
[[nodiscard]] AxisOrder order_of(const OnnxDims& dims);

}  // namespace vpinfer
