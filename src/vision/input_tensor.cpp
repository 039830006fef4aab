#include "vision/input_tensor.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using RgbValues = std::array<float, 3>;

/// An output position along one axis is the weighted sum of two source positions.
struct Tap {
  std::size_t first = 0;
  std::size_t second = 0;
  float first_weight = 1;
  float second_weight = 0;
};

/// Pixels are areas, which are scaled with the picture; beyond its edge the outermost ones go on.
std::vector<Tap> centred_taps(int from, int to) {
  const Sampling sampling{to, static_cast<float>(to) / static_cast<float>(from), 0.5F, 0.5F};
  std::vector<Tap> list;
  for (int i = 0; i < to; ++i) {
    const Taps taps = sample(sampling, Interpolation::kLinear, i, from);
    list.push_back({static_cast<std::size_t>(taps.low), static_cast<std::size_t>(taps.high),
                    1 - taps.weight, taps.weight});
  }
  return list;
}

/// End points map to end points: output i reads source position i * (from - 1) / (to - 1).
std::vector<Tap> interpolation(int from, int to) {
  std::vector<Tap> taps(static_cast<std::size_t>(to));
  if (to == 1) return taps;
  const float scale = static_cast<float>(from - 1) / static_cast<float>(to - 1);
  for (int i = 0; i < to; ++i) {
    const float position = static_cast<float>(i) * scale;
    const int first = std::min(static_cast<int>(position), from - 1);
    const float second_weight = position - static_cast<float>(first);
    taps[static_cast<std::size_t>(i)] = {static_cast<std::size_t>(first),
                                         static_cast<std::size_t>(std::min(first + 1, from - 1)),
                                         1 - second_weight, second_weight};
  }
  return taps;
}

/// Darknet takes the last column from the source's last column, whatever the rounding.
std::vector<Tap> column_taps(PixelGrid grid, int from, int to) {
  if (grid == PixelGrid::kCentres) return centred_taps(from, to);
  std::vector<Tap> taps = interpolation(from, to);
  const auto last = static_cast<std::size_t>(from - 1);
  taps.back() = {last, last, 1, 0};
  return taps;
}

/// Darknet never adds the second share to the last row.  Where its position is rounded down (one
/// size in twenty), that row comes out dark; networks and references live with it, so do we.
std::vector<Tap> row_taps(PixelGrid grid, int from, int to) {
  if (grid == PixelGrid::kCentres) return centred_taps(from, to);
  std::vector<Tap> taps = interpolation(from, to);
  taps.back().second_weight = 0;
  return taps;
}

/// Reads one row of a picture at interpolated columns.
RgbValues sample_row(const std::uint8_t* row, const Tap& column) {
  RgbValues value;
  for (std::size_t channel = 0; channel < 3; ++channel) {
    value[channel] = column.first_weight * static_cast<float>(row[3 * column.first + channel]) +
                     column.second_weight * static_cast<float>(row[3 * column.second + channel]);
  }
  return value;
}

/// Turns an RGB value in [0, 255] into the network's channels and stores them.
class PixelWriter {
 public:
  PixelWriter(const Shape& input, const InputNormalisation& normalisation)
      : channels_(static_cast<std::size_t>(input.channels)), normalisation_(normalisation) {
    if (input.channels != 1 && input.channels != 3) {
      throw BadInput("the network's input is " + to_string(input) +
                     "; pictures fit inputs of 3 channels or 1: give its values in an HDF5 file, "
                     "dataset 'input' [rows][cols][channels]");
    }
  }

  void write(const RgbValues& rgb, float* pixel) const {
    if (channels_ == 1) {
      pixel[0] = normalised(0.299F * rgb[0] + 0.587F * rgb[1] + 0.114F * rgb[2], 0);
      return;
    }
    const bool reversed = normalisation_.order == ChannelOrder::kBgr;
    for (std::size_t channel = 0; channel < 3; ++channel) {
      pixel[channel] = normalised(rgb[reversed ? 2 - channel : channel], channel);
    }
  }

 private:
  [[nodiscard]] float normalised(float value, std::size_t channel) const {
    return (value - normalisation_.mean[channel]) * normalisation_.scale[channel];
  }

  std::size_t channels_;
  const InputNormalisation& normalisation_;
};

Interval centred(int size, int available) {
  const int begin = (available - size) / 2;
  return {begin, begin + size};
}

/// `size` scaled by numerator / denominator and rounded down, at least one pixel.
int scaled(int size, int numerator, int denominator) {
  const std::int64_t product = static_cast<std::int64_t>(size) * numerator;
  return std::max(1, static_cast<int>(product / denominator));
}

}  // namespace

Placement place_picture(Resize resize, int picture_rows, int picture_cols, const Shape& input) {
  int rows = input.rows;
  int cols = input.cols;
  if (resize != Resize::kStretch) {
    const float row_scale = static_cast<float>(input.rows) / static_cast<float>(picture_rows);
    const float col_scale = static_cast<float>(input.cols) / static_cast<float>(picture_cols);
    if (col_scale < row_scale) {
      rows = scaled(picture_rows, input.cols, picture_cols);
    } else {
      cols = scaled(picture_cols, input.rows, picture_rows);
    }
  }
  if (resize == Resize::kTopLeft) return {{0, rows}, {0, cols}};
  return {centred(rows, input.rows), centred(cols, input.cols)};
}

void write_input_tensor(const Picture& picture, const Shape& input,
                        const InputNormalisation& normalisation, std::span<float> tensor) {
  const PixelWriter writer(input, normalisation);
  const Placement placement =
      place_picture(normalisation.resize, picture.rows, picture.cols, input);
  const auto channels = static_cast<std::size_t>(input.channels);
  for (std::size_t offset = 0; offset < tensor.size(); offset += channels) {
    const float fill = normalisation.fill;
    writer.write({fill, fill, fill}, &tensor[offset]);
  }

  const std::vector<Tap> columns =
      column_taps(normalisation.grid, picture.cols, placement.cols.size());
  const std::vector<Tap> rows = row_taps(normalisation.grid, picture.rows, placement.rows.size());
  const std::size_t row_bytes = static_cast<std::size_t>(picture.cols) * 3;
  const auto top = static_cast<std::size_t>(placement.rows.begin);
  const auto left = static_cast<std::size_t>(placement.cols.begin);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::uint8_t* above = picture.rgb.data() + rows[i].first * row_bytes;
    const std::uint8_t* below = picture.rgb.data() + rows[i].second * row_bytes;
    float* pixel = &tensor[((top + i) * static_cast<std::size_t>(input.cols) + left) * channels];
    for (const Tap& column : columns) {
      RgbValues value = sample_row(above, column);
      const RgbValues lower = sample_row(below, column);
      for (std::size_t channel = 0; channel < 3; ++channel) {
        value[channel] =
            rows[i].first_weight * value[channel] + rows[i].second_weight * lower[channel];
      }
      writer.write(value, pixel);
      pixel += channels;
    }
  }
}

}  // namespace vpinfer
