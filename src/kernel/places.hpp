#pragma once

#include <array>

#include "net/tensor_form.hpp"
#include "vpinfer/box.hpp"

namespace vpinfer {

/// Calls visit(row, col, channel) for each place of a box, in an order of its axes.
template <typename Visit>
void for_each_place(const Box& box, const AxisOrder& order, const Visit& visit) {
  std::array<int, 3> at{};  // by Axis
  const auto& [outer, middle, inner] = order;
  const auto place = [&](Axis axis) -> int& { return at[static_cast<std::size_t>(axis)]; };
  for (int i = along(box, outer).begin; i < along(box, outer).end; ++i) {
    place(outer) = i;
    for (int j = along(box, middle).begin; j < along(box, middle).end; ++j) {
      place(middle) = j;
      for (int k = along(box, inner).begin; k < along(box, inner).end; ++k) {
        place(inner) = k;
        visit(place(Axis::kRows), place(Axis::kCols), place(Axis::kChannels));
      }
    }
  }
}

}  // namespace vpinfer
