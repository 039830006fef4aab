#include "vpinfer/kernel/tensor.hpp"

#include <algorithm>

#include "vpinfer/kernel/half.hpp"

namespace vpinfer {
namespace {

/// Calls copy(source, count, target) for every run of elements without gaps.
template <typename From, typename To, typename Copy>
void copy_runs(const View<From>& from, const View<To>& to, const Box& box, const Copy& copy) {
  if (box.empty()) return;
  const auto channels = static_cast<std::size_t>(box.channels.size());
  const bool whole_pixels = channels == from.pixel_stride() && channels == to.pixel_stride();
  for (int row = box.rows.begin; row < box.rows.end; ++row) {
    From* source = from.at(row, box.cols.begin, box.channels.begin);
    To* target = to.at(row, box.cols.begin, box.channels.begin);
    if (whole_pixels) {
      copy(source, channels * static_cast<std::size_t>(box.cols.size()), target);
      continue;
    }
    for (int col = box.cols.begin; col < box.cols.end; ++col) {
      copy(source, channels, target);
      source += from.pixel_stride();
      target += to.pixel_stride();
    }
  }
}

}  // namespace

void copy_box(const ConstTensorView& from, const TensorView& to, const Box& box) {
  copy_runs(from, to, box, [](const float* source, std::size_t count, float* target) {
    std::copy_n(source, count, target);
  });
}

void copy_box(const ConstTensorView& from, const HalfView& to, const Box& box) {
  copy_runs(from, to, box, round_to_halves);
}

void copy_box(const ConstHalfView& from, const TensorView& to, const Box& box) {
  copy_runs(from, to, box, widen_halves);
}

}  // namespace vpinfer
