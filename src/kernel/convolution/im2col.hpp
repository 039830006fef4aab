#pragma once

#include <cstddef>

#include "kernel/tensor.hpp"
#include "net/layer.hpp"

namespace vpinfer {

/// Unrolls receptive fields into rows of a matrix: of an output pixel, [rows][cols][channels] of
/// its window, with zeros where that lies outside the picture.  The referenced objects must outlive
/// it.
class Im2col {
 public:
  /// Of some channels of an input of extent `shape`.
  Im2col(const Convolution& convolution, const Shape& shape, const ConstTensorView& input,
         Interval channels)
      : conv_(convolution), shape_(shape), input_(input), channels_(channels) {}

  /// Columns `depth` of the rows of some output pixels side by side -> target[pixel][column].
  void unroll(int row, Interval cols, Interval depth, float* target) const;

 private:
  /// Then one pixel's follow the other's in the input.
  [[nodiscard]] bool all_channels_wanted() const {
    return static_cast<std::size_t>(channels_.size()) == input_.pixel_stride();
  }
  void unroll_taps(int row, int first_col, Interval part, float* target) const;
  void unroll_line(int row, int first_col, Interval part, float* target) const;
  void copy_inside(int row, int first_col, Interval part, float* target) const;

  const Convolution& conv_;
  const Shape& shape_;
  const ConstTensorView& input_;
  Interval channels_;
};

}  // namespace vpinfer
