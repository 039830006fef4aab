#pragma once

#include <cmath>
#include <cstddef>

#include "base/half.hpp"
#include "vpinfer/box.hpp"

namespace vpinfer {

/// A view of the part of a layer's output that a rank holds: `box` in the coordinates of the whole
/// output, stored [rows][cols][channels], row-major, at `data`.  The view owns nothing.
///
///     data -> | r0 c0 : ch ch ch | r0 c1 : ch ch ch | ... | r1 c0 : ...
///               \_ one pixel ___/
template <typename Value>
struct View {
  Value* data = nullptr;
  Box box;

  [[nodiscard]] std::size_t pixel_stride() const {
    return static_cast<std::size_t>(box.channels.size());
  }
  [[nodiscard]] std::size_t row_stride() const {
    return static_cast<std::size_t>(box.cols.size()) * pixel_stride();
  }
  /// How far from `data` the element at coordinates of the whole output lies, in elements.
  [[nodiscard]] std::size_t offset(int row, int col, int channel) const {
    return static_cast<std::size_t>(row - box.rows.begin) * row_stride() +
           static_cast<std::size_t>(col - box.cols.begin) * pixel_stride() +
           static_cast<std::size_t>(channel - box.channels.begin);
  }
  [[nodiscard]] Value* at(int row, int col, int channel) const {
    return data + offset(row, col, channel);
  }
  operator View<const Value>() const { return {data, box}; }  // NOLINT(google-explicit-constructor)
};

using TensorView = View<float>;
using ConstTensorView = View<const float>;
using HalfView = View<HalfBits>;
using ConstHalfView = View<const HalfBits>;

/// The larger of two numbers, NaN if one of them is.
inline float larger(float a, float b) {
  return a < b || std::isnan(b) ? b : a;
}

/// Copies `box`.  Both views must hold it.
void copy_box(const ConstTensorView& from, const TensorView& to, const Box& box);
/// The same, rounded as by `round_to_halves`.
void copy_box(const ConstTensorView& from, const HalfView& to, const Box& box);
/// The same; exact.
void copy_box(const ConstHalfView& from, const TensorView& to, const Box& box);

/// Adds `box` of one view to another.  Both must hold it.
void add_box(const ConstTensorView& from, const TensorView& to, const Box& box);
void add_box(const ConstHalfView& from, const TensorView& to, const Box& box);

/// The same elements under coordinates that are `by` higher along one axis.
template <typename Value>
[[nodiscard]] View<Value> shifted(const View<Value>& view, Axis axis, int by) {
  return {view.data, shifted(view.box, axis, by)};
}

}  // namespace vpinfer
