#pragma once

#include <cstddef>

#include "kernel/tensor.hpp"

namespace vpinfer {

/// Calls visit(source, count, target) for every run of elements of a box that lies without gaps in
/// both views, in the order of the box.  Both hold it.
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

}  // namespace vpinfer
