#include "import/cell_points.hpp"

#include <cmath>

namespace vpinfer {
namespace {

constexpr int kLeastStride = 2;
constexpr int kMostStride = 512;
constexpr int kMostAnchors = 9;
constexpr float kTolerance = 0.05F;  // pixels

int cells_along(int extent, int stride) {
  return (extent + stride - 1) / stride;
}

/// How far apart the cells of a level lie, in pixels.
PixelPoint steps_of(const CellLevel& level, const Shape& picture, bool spread) {
  const auto stride = static_cast<float>(level.stride);
  if (!spread) return {stride, stride};
  return {static_cast<float>(picture.cols) / static_cast<float>(level.cols),
          static_cast<float>(picture.rows) / static_cast<float>(level.rows)};
}

/// Whether some points are those of a level, anchor by anchor or cell by cell.
bool are_of_level(const PixelPoint* points, const CellLevel& level, const PixelPoint& steps,
                  float point, bool anchors_first) {
  const int cells = level.rows * level.cols;
  for (int i = 0; i < cells * level.anchors; ++i) {
    const int cell = anchors_first ? i % cells : i / level.anchors;
    const auto place = [&](int index) { return static_cast<float>(index) + point; };
    const bool elsewhere =
        std::abs(points[i].x - place(cell % level.cols) * steps.x) >= kTolerance ||
        std::abs(points[i].y - place(cell / level.cols) * steps.y) >= kTolerance;
    if (elsewhere) return false;  // what is not a number may be anywhere
  }
  return true;
}

/// The level that begins with some points, with as many anchors as fit.
std::optional<CellLevel> level_at(const PixelPoint* points, std::size_t count, const Shape& picture,
                                  int stride, float point) {
  for (int anchors = kMostAnchors; anchors >= 1; --anchors) {
    const CellLevel level{cells_along(picture.rows, stride), cells_along(picture.cols, stride),
                          stride, anchors};
    if (level.candidates() > count) continue;
    for (const bool spread : {false, true}) {
      const PixelPoint steps = steps_of(level, picture, spread);
      for (const bool anchors_first : {true, false}) {
        if (are_of_level(points, level, steps, point, anchors_first)) return level;
      }
    }
  }
  return std::nullopt;
}

std::optional<CellPoints> levels_from(const std::vector<PixelPoint>& points, const Shape& picture,
                                      int stride, bool grows, float point) {
  CellPoints found{{}, point};
  std::size_t at = 0;
  while (at < points.size()) {
    if (stride < kLeastStride || stride > kMostStride) return std::nullopt;
    auto level = level_at(&points[at], points.size() - at, picture, stride, point);
    if (!level && grows && at != 0) {  // convolutions without padding skip one
      stride *= 2;
      level = level_at(&points[at], points.size() - at, picture, stride, point);
    }
    if (!level) return std::nullopt;
    found.levels.push_back(*level);
    at += level->candidates();
    stride = grows ? stride * 2 : stride / 2;
  }
  return found;
}

}  // namespace

std::optional<CellPoints> find_cells(const std::vector<PixelPoint>& points, const Shape& picture) {
  for (const float point : {0.5F, 0.0F}) {
    for (int stride = kLeastStride; stride <= kMostStride; stride *= 2) {
      for (const bool grows : {true, false}) {
        if (auto found = levels_from(points, picture, stride, grows, point)) return found;
      }
    }
  }
  return std::nullopt;
}

std::optional<int> find_stride(int rows, int cols, const Shape& picture) {
  for (int stride = kLeastStride; stride <= kMostStride; stride *= 2) {
    const bool fits =
        cells_along(picture.rows, stride) == rows && cells_along(picture.cols, stride) == cols;
    if (fits) return stride;
  }
  return std::nullopt;
}

}  // namespace vpinfer
