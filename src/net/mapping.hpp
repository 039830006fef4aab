#pragma once

#include <optional>

#include "base/cut.hpp"
#include "vpinfer/box.hpp"

namespace vpinfer {

// How output positions of a layer find their inputs along one axis: rows, columns or channels.

/// A sliding window: output i reads inputs i * stride - pad_before + t * dilation for each tap t.
struct Window {
  int size = 1;
  int stride = 1;
  int pad_before = 0;
  int pad_after = 0;
  int dilation = 1;
  int overhang = 0;  ///< how far the last window may reach beyond the padding (ONNX's ceil_mode)

  /// How many inputs lie between the ends of a window, both included.
  [[nodiscard]] int reach() const { return (size - 1) * dilation + 1; }
  bool operator==(const Window&) const = default;
};

/// Some taps of a window: input positions begin + i * dilation for each i < count.
struct WindowTaps {
  int begin = 0;
  int count = 0;
  bool operator==(const WindowTaps&) const = default;
};

/// The taps of one output's window that lie within `bounds`, which may reach into the padding: its
/// positions are below 0 or beyond the input.
[[nodiscard]] WindowTaps taps_within(const Window& window, int output, Interval bounds);

/// The inputs that some outputs of a window read, clipped to those that there are.
[[nodiscard]] Interval read_by(const Window& window, Interval outputs, int input_size);

/// An extension on both sides.
struct Padding {
  int before = 0;
  int after = 0;
  bool operator==(const Padding&) const = default;
};

/// What stands outside the original in a padded axis.
enum class PadMode {
  kConstant,  ///< one value
  kEdge,      ///< the outermost element
  kReflect,   ///< a mirror image about the outermost element, which is not repeated
};

/// The input that stands at `output`; empty for a constant.
[[nodiscard]] std::optional<int> padded_source(const Padding& padding, PadMode mode, int output,
                                               int input_size);

/// The coordinate transformation of a resize: output i lies at the input's coordinate
/// (i + output_offset) * multiplier / scale - input_offset.  With offsets of 1/2 pixels are areas
/// ("half pixel"), without they are points.  It is computed in single precision, operation by
/// operation, as ONNX states the formulas of Resize for its scales, which are floats, and as ONNX
/// Runtime does.
struct Sampling {
  int size = 1;  ///< of the output
  float scale = 1;
  float output_offset = 0;
  float input_offset = 0;
  float multiplier = 1;
  bool operator==(const Sampling&) const = default;
};

enum class Interpolation {
  kLinear,
  kNearestFloor,
  kNearestCeil,
  kNearestHalfDown,  ///< to the nearest; halves, within 1e-6 as in ONNX Runtime, go down
  kNearestHalfUp,    ///< likewise, but up
};

/// The inputs that an output position is made of: (1 - weight) * [low] + weight * [high].
/// low == high if one suffices.
struct Taps {
  int low = 0;
  int high = 0;
  float weight = 0;
};

/// Whether an output position lies within the input, from the first to the last element's place.
[[nodiscard]] bool lies_inside(const Sampling& sampling, int output, int input_size);

/// Beyond the input's ends its outermost elements go on.
[[nodiscard]] Taps sample(const Sampling& sampling, Interpolation interpolation, int output,
                          int input_size);

}  // namespace vpinfer
