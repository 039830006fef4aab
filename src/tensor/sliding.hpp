#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "tensor/call.hpp"

namespace vpinfer {

/// The axes that windows slide along: depth, rows, columns.  Tensors of fewer have 1 in front.
inline constexpr std::size_t kSlidingAxes = 3;
using PlaneExtents = std::array<std::int64_t, kSlidingAxes>;

/// A window along one axis: place i reads begin(i) + t * dilation for each of its taps t.
struct SlidingWindow {
  std::int64_t size = 1;
  std::int64_t stride = 1;
  std::int64_t dilation = 1;
  std::int64_t before = 0;  ///< padding
  std::int64_t after = 0;
  std::int64_t places = 1;

  [[nodiscard]] std::int64_t reach() const { return (size - 1) * dilation + 1; }
  [[nodiscard]] std::int64_t at(std::int64_t place, std::int64_t tap) const {
    return place * stride - before + tap * dilation;
  }
  /// The first place whose tap lies at 0 or behind, and the one after the last whose tap lies
  /// before `extent`.
  [[nodiscard]] std::int64_t first(std::int64_t tap) const;
  [[nodiscard]] std::int64_t end(std::int64_t tap, std::int64_t extent) const;
};
using SlidingWindows = std::array<SlidingWindow, kSlidingAxes>;

/// A tensor [batch][channels] and one to three axes more.
struct Planes {
  std::int64_t batch = 0;
  std::int64_t channels = 0;
  std::size_t axes = 0;  ///< those more
  PlaneExtents extents{1, 1, 1};

  [[nodiscard]] std::int64_t size() const { return extents[0] * extents[1] * extents[2]; }
};

/// Refuses other tensors.
[[nodiscard]] Planes read_planes(const OnnxCall& call, const OnnxDims& dims);

/// The extents of a tensor like `planes` with other channels and extents.
[[nodiscard]] OnnxDims dims_of(const Planes& planes, std::int64_t channels,
                               const PlaneExtents& extents);

/// Numbers of an attribute, one per axis, in the order of PlaneExtents.
[[nodiscard]] PlaneExtents per_axis(const OnnxNodeReader& node, const std::string& name,
                                    std::size_t axes, std::int64_t fallback);

/// Sizes, strides, dilations and padding by a node's attributes; `kernel` are the extents of a
/// window if none say.  The places are still to be counted.
[[nodiscard]] SlidingWindows read_sliding(const OnnxCall& call, std::size_t axes,
                                          const OnnxDims& kernel);

/// The same with auto_pad and ceil_mode, for windows that slide over `planes`.
[[nodiscard]] SlidingWindows read_sliding_over(const OnnxCall& call, const Planes& planes,
                                               const OnnxDims& kernel);

/// How many places each axis has.
[[nodiscard]] PlaneExtents count_places(const SlidingWindows& windows);

/// Calls visit(tap, number) for every tap of windows, the last axis fastest.
template <typename Visit>
void for_each_tap(const SlidingWindows& windows, const Visit& visit) {
  PlaneExtents tap{};
  std::int64_t number = 0;
  for (tap[0] = 0; tap[0] < windows[0].size; ++tap[0]) {
    for (tap[1] = 0; tap[1] < windows[1].size; ++tap[1]) {
      for (tap[2] = 0; tap[2] < windows[2].size; ++tap[2]) visit(tap, number++);
    }
  }
}

/// Some places of a row of windows, and the elements of a plane that one of their taps reads: those
/// of the first place, and `stride` behind it for each place more.
struct TapRow {
  std::int64_t place = 0;  ///< the first, in the flattened places
  std::int64_t count = 0;
  std::int64_t element = 0;  ///< in the flattened plane
  std::int64_t stride = 1;
};

/// Calls visit(row) for the places where a tap lies within the plane, row by row.
template <typename Visit>
void for_each_tap_row(const SlidingWindows& windows, const PlaneExtents& extents,
                      const PlaneExtents& tap, const Visit& visit) {
  const SlidingWindow& cols = windows[2];
  const std::int64_t first = cols.first(tap[2]);
  const std::int64_t end = cols.end(tap[2], extents[2]);
  if (first >= end) return;
  for (std::int64_t z = windows[0].first(tap[0]); z < windows[0].end(tap[0], extents[0]); ++z) {
    for (std::int64_t y = windows[1].first(tap[1]); y < windows[1].end(tap[1], extents[1]); ++y) {
      const std::int64_t line = windows[0].at(z, tap[0]) * extents[1] + windows[1].at(y, tap[1]);
      visit(TapRow{(z * windows[1].places + y) * cols.places + first, end - first,
                   line * extents[2] + cols.at(first, tap[2]), cols.stride});
    }
  }
}

}  // namespace vpinfer
