#include "vision/instance_masks.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace vpinfer {
namespace {

/// The pixels, of so many along an axis, whose middles lie between two places.
Interval middles_between(float begin, float end, int extent) {
  const auto first_from = [&](float place) {
    return std::clamp(static_cast<int>(std::ceil(place - 0.5F)), 0, extent);
  };
  return {first_from(begin), first_from(end)};
}

/// Those that taps, from low to high ones, read.
Interval read_by(const std::vector<Taps>& taps) {
  return taps.empty() ? Interval{} : Interval{taps.front().low, taps.back().high + 1};
}

/// Makes one mask after the other.
class MaskMaker {
 public:
  MaskMaker(const PrototypeMaps& prototypes, const MapOverPicture& over, const Picture& picture)
      : prototypes_(prototypes),
        over_(over),
        picture_(picture),
        sums_(static_cast<std::size_t>(prototypes.map.rows) *
              static_cast<std::size_t>(prototypes.map.cols)) {}

  [[nodiscard]] Mask mask_of(const Detection& detection, std::span<const float> coefficients) {
    const Interval rows =
        middles_between(detection.top, detection.top + detection.height, picture_.rows);
    const Interval cols =
        middles_between(detection.left, detection.left + detection.width, picture_.cols);
    const auto row_taps = over_.row_taps(picture_.rows, rows, Interpolation::kLinear);
    const auto col_taps = over_.col_taps(picture_.cols, cols, Interpolation::kLinear);
    const Interval map_rows = read_by(row_taps);
    add_up(coefficients, map_rows, read_by(col_taps));
    const auto height = static_cast<std::uint32_t>(picture_.rows);
    Mask mask{picture_.rows, picture_.cols};
    mask.append(false, static_cast<std::uint32_t>(cols.begin) * height);
    for (const Taps& col : col_taps) {
      mask.append(false, static_cast<std::uint32_t>(rows.begin));
      interpolate_column(map_rows, col);
      for (const Taps& row : row_taps) {
        const float low = column_[static_cast<std::size_t>(row.low - map_rows.begin)];
        const float high = column_[static_cast<std::size_t>(row.high - map_rows.begin)];
        mask.append(low + row.weight * (high - low) > kLeastProbability, 1);
      }
      mask.append(false, height - static_cast<std::uint32_t>(rows.end));
    }
    mask.append(false, static_cast<std::uint32_t>(picture_.cols - cols.end) * height);
    return mask;
  }

 private:
  static constexpr float kLeastProbability = 0.5F;

  [[nodiscard]] std::size_t place(int row, int col) const {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(prototypes_.map.cols) +
           static_cast<std::size_t>(col);
  }

  /// The sigmoids of the sums for a part of the map.
  void add_up(std::span<const float> coefficients, const Interval& rows, const Interval& cols) {
    for (int row = rows.begin; row < rows.end; ++row) {
      for (int col = cols.begin; col < cols.end; ++col) {
        const std::size_t at = place(row, col);
        const float* values = prototypes_.values.data() + at * coefficients.size();
        const float sum =
            std::inner_product(coefficients.begin(), coefficients.end(), values, 0.0F);
        sums_[at] = 1 / (1 + std::exp(-sum));
      }
    }
  }

  /// What stands in some rows of the map where a column of the picture lies.
  void interpolate_column(const Interval& rows, const Taps& col) {
    column_.clear();
    for (int row = rows.begin; row < rows.end; ++row) {
      const float low = sums_[place(row, col.low)];
      column_.push_back(low + col.weight * (sums_[place(row, col.high)] - low));
    }
  }

  const PrototypeMaps& prototypes_;
  const MapOverPicture& over_;
  const Picture& picture_;
  std::vector<float> sums_;  ///< [rows][cols] of the map
  std::vector<float> column_;
};

}  // namespace

void make_masks(std::span<Detection> detections, const PrototypeMaps& prototypes,
                const MapOverPicture& over, const Picture& picture) {
  MaskMaker maker(prototypes, over, picture);
  for (Detection& detection : detections) {
    if (!detection.coefficients) continue;
    detection.mask = maker.mask_of(detection, *detection.coefficients);
    detection.coefficients.reset();
  }
}

}  // namespace vpinfer
