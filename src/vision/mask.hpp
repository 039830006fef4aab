#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vpinfer {

/// Which pixels of a picture belong to an object, run-length encoded as COCO does it: column by
/// column, from the top, so many pixels that do not, then so many that do, and so on.  All runs
/// together are all pixels; none but the first has none.
struct Mask {
  int rows = 0;
  int cols = 0;
  std::vector<std::uint32_t> runs{};

  /// Whether it is none: of no picture, not of one without the object.
  [[nodiscard]] bool empty() const { return runs.empty(); }
  /// The next pixels: so many, which all belong to the object or all do not.
  void append(bool belong, std::uint32_t pixels);
  bool operator==(const Mask&) const = default;
};

/// Calls visit(row, col) for each pixel that belongs to the object.
template <typename Visit>
void for_each_pixel(const Mask& mask, const Visit& visit) {
  const auto rows = static_cast<std::uint32_t>(mask.rows);
  std::uint32_t at = 0;
  for (std::size_t i = 0; i < mask.runs.size(); ++i) {
    const std::uint32_t end = at + mask.runs[i];
    if (i % 2 == 0) at = end;
    for (; at < end; ++at) visit(static_cast<int>(at % rows), static_cast<int>(at / rows));
  }
}

/// How many pixels two masks of a picture have in common, as a share of those of either; 1 if
/// neither has any.
[[nodiscard]] double intersection_over_union(const Mask& a, const Mask& b);

/// The runs as the text that COCO's tools write (`counts` of a compressed mask): from the fourth
/// one on the difference to the one before the last; then the lowest 5 bits of a number in a
/// character from `0` on, with a sixth bit while more follow, the last one with the sign.
[[nodiscard]] std::string coco_counts(const Mask& mask);

}  // namespace vpinfer
