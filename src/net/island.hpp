#pragma once

#include <array>
#include <optional>
#include <vector>

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

/// What an island's operator reads: an input of the layer, or a constant, or, where it leaves an
/// optional input out, neither.
struct IslandArgument {
  std::optional<int> input{};  ///< which of the layer's inputs
  TensorForm form{};           ///< of that
  std::optional<OnnxTensor> constant{};
  bool operator==(const IslandArgument&) const = default;
};

/// An operator on tensors of any number of axes, as ONNX defines it (`evaluate`), for the parts of
/// a network that no layer on pictures expresses.  Whoever computes some of its output computes all
/// of it, from all of its inputs.
struct Island {
  OnnxNode node;
  std::int64_t opset = 0;  ///< whose definition of the operator holds
  std::vector<IslandArgument> arguments;
  int result = 0;   ///< which of the node's outputs the layer gives
  TensorForm form;  ///< of that
  bool operator==(const Island&) const = default;
};

/// The box that a tensor lies in: [1, C, H, W] as a picture, [1, T, C] as a column of T pixels, all
/// others as the channels of one.  Empty if it has no elements or too many.
[[nodiscard]] Shape box_of(const OnnxDims& dims);
[[nodiscard]] AxisOrder order_of(const OnnxDims& dims);

/// About how many operations computing an island takes.
[[nodiscard]] double island_flop(const Island& island);

}  // namespace vpinfer
