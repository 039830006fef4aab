#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "net/candidates.hpp"
#include "vpinfer/box.hpp"

namespace vpinfer {

// Whether places in a picture are those of a detector's cells.

struct PixelPoint {
  float x = 0;
  float y = 0;
};

/// Cells of one stride, and how many candidates each has.
struct CellLevel {
  int rows = 0;
  int cols = 0;
  int stride = 8;
  int anchors = 1;

  [[nodiscard]] std::size_t candidates() const {
    return static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols) *
           static_cast<std::size_t>(anchors);
  }
};

struct CellPoints {
  std::vector<CellLevel> levels;
  float point = 0.5F;  ///< where in its cell each lies
};

/// The grids that points, in pixels, are those of, level after level, each of twice the stride of
/// the one before it, or four times (SSD), or of half; empty if they are of none. Cells lie a
/// stride apart or, where that does not divide the picture, may be spread over it evenly
/// (UltraFace). A coordinate that is not a number may be any.
[[nodiscard]] std::optional<CellPoints> find_cells(const std::vector<PixelPoint>& points,
                                                   const Shape& picture);

/// The stride of so many cells over a picture, a power of 2.
[[nodiscard]] std::optional<int> find_stride(int rows, int cols, const Shape& picture);

}  // namespace vpinfer
