#include "vision/drawn_picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "vision/map_over_picture.hpp"

namespace vpinfer {
namespace {

std::uint8_t byte(float value) {
  return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0F, 255.0F)));
}

/// Turns the numbers of an output into values from 0 to 255.
class ByteScale {
 public:
  ByteScale(PixelScale scale, const InputNormalisation& input, std::span<const float> values)
      : scale_(scale), input_(input) {
    if (values.empty()) return;
    const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
    least_ = *least;
    const double range = double{*greatest} - *least;
    gain_ = range > 0 ? 255 / range : 0;
  }

  [[nodiscard]] float of(float value, std::size_t channel) const {
    switch (scale_) {
      case PixelScale::kUnit: return value * 255;
      case PixelScale::kBytes: return value;
      case PixelScale::kSigned: return (value + 1) * 127.5F;
      case PixelScale::kInput: return value / input_.scale[channel] + input_.mean[channel];
      case PixelScale::kStretched: return static_cast<float>((double{value} - least_) * gain_);
    }
    return value;
  }

 private:
  PixelScale scale_;
  const InputNormalisation& input_;
  float least_ = 0;
  double gain_ = 0;
};

/// Gives a luma the chroma of a picture of the same size (ITU-R BT.601, as JPEG has it).
std::array<float, 3> coloured(float luma, const std::uint8_t* rgb) {
  const auto red = static_cast<float>(rgb[0]);
  const auto green = static_cast<float>(rgb[1]);
  const auto blue = static_cast<float>(rgb[2]);
  const float own_luma = 0.299F * red + 0.587F * green + 0.114F * blue;
  return {luma + red - own_luma, luma + green - own_luma, luma + blue - own_luma};
}

std::vector<float> resized(const Picture& picture, int rows, int cols) {
  const std::vector<float> values(picture.rgb.begin(), picture.rgb.end());
  const Shape shape{picture.rows, picture.cols, 3};
  return MapOverPicture(Resize::kStretch, picture.rows, picture.cols, shape, shape)
      .resized(values, rows, cols, Interpolation::kLinear);
}

}  // namespace

Picture draw(const DrawnPicture& drawn, std::span<const float> output, const Shape& map,
             const Network& network, const Picture& seen) {
  const InputNormalisation& input = network.normalisation;
  const MapOverPicture frame(input.resize, seen.rows, seen.cols, network.input_shape(), map);
  Picture result{
      drawn.enlarges ? frame.rows() : seen.rows, drawn.enlarges ? frame.cols() : seen.cols, {}};
  const std::vector<float> values =
      frame.resized(output, result.rows, result.cols, Interpolation::kLinear);
  const ByteScale scale(drawn.scale, input, values);
  const auto channels = static_cast<std::size_t>(map.channels);
  const bool reversed = channels == 3 && input.order == ChannelOrder::kBgr;
  result.rgb.reserve(values.size() / channels * 3);
  for (std::size_t at = 0; at < values.size(); at += channels) {
    for (std::size_t part = 0; part < 3; ++part) {
      const std::size_t channel = channels == 1 ? 0 : reversed ? 2 - part : part;
      result.rgb.push_back(byte(scale.of(values[at + channel], channel)));
    }
  }
  if (!drawn.keeps_colours) return result;
  const std::vector<float> colours = resized(seen, result.rows, result.cols);
  for (std::size_t at = 0; at < result.rgb.size(); at += 3) {
    const std::array<std::uint8_t, 3> own{byte(colours[at]), byte(colours[at + 1]),
                                          byte(colours[at + 2])};
    const std::array<float, 3> rgb = coloured(result.rgb[at], own.data());
    for (std::size_t part = 0; part < 3; ++part) result.rgb[at + part] = byte(rgb[part]);
  }
  return result;
}

}  // namespace vpinfer
