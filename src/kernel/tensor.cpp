#include "kernel/tensor.hpp"

#include <algorithm>

#include "kernel/half.hpp"

namespace vpinfer {
namespace {

/// Calls visit(source, count, target) for every run of elements without gaps.
template <typename From, typename To, typename Visit>
void for_each_run(const View<From>& from, const View<To>& to, const Box& box, const Visit& visit) {
  if (box.empty()) return;
  const auto channels = static_cast<std::size_t>(box.channels.size());
  const bool whole_pixels = channels == from.pixel_stride() && channels == to.pixel_stride();
  for (int row = box.rows.begin; row < box.rows.end; ++row) {
    From* source = from.at(row, box.cols.begin, box.channels.begin);
    To* target = to.at(row, box.cols.begin, box.channels.begin);
    if (whole_pixels) {
      visit(source, channels * static_cast<std::size_t>(box.cols.size()), target);
      continue;
    }
    for (int col = box.cols.begin; col < box.cols.end; ++col) {
      visit(source, channels, target);
      source += from.pixel_stride();
      target += to.pixel_stride();
    }
  }
}

}  // namespace

void copy_box(const ConstTensorView& from, const TensorView& to, const Box& box) {
  for_each_run(from, to, box, [](const float* source, std::size_t count, float* target) {
    std::copy_n(source, count, target);
  });
}

void copy_box(const ConstTensorView& from, const HalfView& to, const Box& box) {
  for_each_run(from, to, box, round_to_halves);
}

void copy_box(const ConstHalfView& from, const TensorView& to, const Box& box) {
  for_each_run(from, to, box, widen_halves);
}

void add_box(const ConstTensorView& from, const TensorView& to, const Box& box) {
  for_each_run(from, to, box, [](const float* source, std::size_t count, float* target) {
    for (std::size_t i = 0; i < count; ++i) target[i] += source[i];
  });
}

void add_box(const ConstHalfView& from, const TensorView& to, const Box& box) {
  for_each_run(from, to, box, add_halves);
}

}  // namespace vpinfer
