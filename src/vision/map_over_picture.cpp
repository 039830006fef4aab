#include "vision/map_over_picture.hpp"

#include <algorithm>
#include <cmath>

#include "vision/input_tensor.hpp"

namespace vpinfer {
namespace {

/// For some of the positions that a sampling has over an axis of `size` pixels, those that each
/// lies between.
std::vector<Taps> taps_of(const Sampling& sampling, const Interval& positions, int size,
                          Interpolation interpolation) {
  std::vector<Taps> taps;
  taps.reserve(static_cast<std::size_t>(positions.size()));
  for (int i = positions.begin; i < positions.end; ++i) {
    taps.push_back(sample(sampling, interpolation, i, size));
  }
  return taps;
}

}  // namespace

MapOverPicture::MapOverPicture(Resize resize, int picture_rows, int picture_cols,
                               const Shape& network_input, const Shape& map)
    : map_(map) {
  const Placement placed = place_picture(resize, picture_rows, picture_cols, network_input);
  const auto span = [](const Interval& part, int input, int extent) {
    const float scale = static_cast<float>(extent) / static_cast<float>(input);
    return Span{static_cast<float>(part.begin) * scale, static_cast<float>(part.size()) * scale};
  };
  rows_ = span(placed.rows, network_input.rows, map.rows);
  cols_ = span(placed.cols, network_input.cols, map.cols);
}

int MapOverPicture::rows() const {
  return std::max(1, static_cast<int>(std::lround(rows_.size)));
}

int MapOverPicture::cols() const {
  return std::max(1, static_cast<int>(std::lround(cols_.size)));
}

Sampling MapOverPicture::Span::sampling(int count) const {
  return {count, static_cast<float>(count) / size, 0.5F, 0.5F - begin};
}

std::vector<Taps> MapOverPicture::row_taps(int rows, const Interval& part,
                                           Interpolation interpolation) const {
  return taps_of(rows_.sampling(rows), part, map_.rows, interpolation);
}

std::vector<Taps> MapOverPicture::col_taps(int cols, const Interval& part,
                                           Interpolation interpolation) const {
  return taps_of(cols_.sampling(cols), part, map_.cols, interpolation);
}

std::vector<float> MapOverPicture::resized(std::span<const float> values, int rows, int cols,
                                           Interpolation interpolation) const {
  const auto map_cols = static_cast<std::size_t>(map_.cols);
  const std::size_t channels = values.size() / (static_cast<std::size_t>(map_.rows) * map_cols);
  const std::size_t row_stride = map_cols * channels;
  const std::vector<Taps> all_rows = row_taps(rows, {0, rows}, interpolation);
  const std::vector<Taps> all_cols = col_taps(cols, {0, cols}, interpolation);
  std::vector<float> result;
  result.reserve(all_rows.size() * all_cols.size() * channels);
  for (const Taps& row : all_rows) {
    const float* low = values.data() + static_cast<std::size_t>(row.low) * row_stride;
    const float* high = values.data() + static_cast<std::size_t>(row.high) * row_stride;
    for (const Taps& col : all_cols) {
      const std::size_t left = static_cast<std::size_t>(col.low) * channels;
      const std::size_t right = static_cast<std::size_t>(col.high) * channels;
      for (std::size_t channel = 0; channel < channels; ++channel) {
        const float upper = std::lerp(low[left + channel], low[right + channel], col.weight);
        const float lower = std::lerp(high[left + channel], high[right + channel], col.weight);
        result.push_back(std::lerp(upper, lower, row.weight));
      }
    }
  }
  return result;
}

}  // namespace vpinfer
