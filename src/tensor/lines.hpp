#pragma once

#include <cstddef>

#include "tensor/call.hpp"

namespace vpinfer {

/// The elements of a tensor along one axis, or along some neighbouring ones: `length` of them, each
/// `step` behind the one before.
struct Lines {
  std::size_t outer = 1;
  std::size_t length = 1;
  std::size_t step = 1;
};

/// Those along the axes from `begin` to before `end`.
[[nodiscard]] Lines lines_along(const OnnxDims& dims, std::size_t begin, std::size_t end);

/// Those along the axis that the attribute `axis` names.
[[nodiscard]] Lines lines_along_axis(const OnnxCall& call, std::int64_t fallback);

/// Calls visit(first) with the place of each line's first element, in order.
template <typename Visit>
void for_each_line(const Lines& lines, const Visit& visit) {
  for (std::size_t o = 0; o < lines.outer; ++o) {
    for (std::size_t i = 0; i < lines.step; ++i) visit(o * lines.length * lines.step + i);
  }
}

}  // namespace vpinfer
