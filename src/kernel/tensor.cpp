#include "vpinfer/kernel/tensor.hpp"

#include <algorithm>

namespace vpinfer {

void copy_box(const ConstTensorView& from, const TensorView& to, const Box& box) {
  if (box.empty()) return;
  const auto channels = static_cast<std::size_t>(box.channels.size());
  const bool whole_pixels = channels == from.pixel_stride() && channels == to.pixel_stride();
  for (int row = box.rows.begin; row < box.rows.end; ++row) {
    const float* source = from.at(row, box.cols.begin, box.channels.begin);
    float* target = to.at(row, box.cols.begin, box.channels.begin);
    if (whole_pixels) {
      std::copy_n(source, channels * static_cast<std::size_t>(box.cols.size()), target);
      continue;
    }
    for (int col = box.cols.begin; col < box.cols.end; ++col) {
      std::copy_n(source, channels, target);
      source += from.pixel_stride();
      target += to.pixel_stride();
    }
  }
}

}  // namespace vpinfer
