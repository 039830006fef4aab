#include "vision/palette.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace vpinfer {
namespace {

/// From linear light to sRGB, both in [0, 1].
double gamma_encoded(double light) {
  const double clipped = std::clamp(light, 0.0, 1.0);
  return clipped <= 0.0031308 ? clipped * 12.92 : 1.055 * std::pow(clipped, 1 / 2.4) - 0.055;
}

}  // namespace

// Golden-angle steps around the hue circle of Oklch (bottosson.github.io/posts/oklab), so that any
// two classes differ in hue, and three levels of lightness, so that neighbours differ in that too.
Colour class_colour(int class_index) {
  constexpr std::array kLightness{0.75, 0.64, 0.82};
  constexpr double kChroma = 0.19;
  constexpr double kFirstHue = 2.4;  // green, which few backgrounds drown
  const double golden_angle = std::numbers::pi * (3 - std::sqrt(5.0));
  const double hue = kFirstHue + golden_angle * class_index;
  const double lightness = kLightness[static_cast<unsigned>(class_index) % kLightness.size()];
  const double a = kChroma * std::cos(hue);
  const double b = kChroma * std::sin(hue);
  const double l = std::pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3);
  const double m = std::pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3);
  const double s = std::pow(lightness - 0.0894841775 * a - 1.2914855480 * b, 3);
  return {gamma_encoded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
          gamma_encoded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
          gamma_encoded(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s)};
}

Rgb to_bytes(const Colour& colour) {
  const auto byte = [](double part) { return static_cast<std::uint8_t>(std::lround(part * 255)); };
  return {byte(colour.red), byte(colour.green), byte(colour.blue)};
}

void lay_over(std::span<std::uint8_t, 3> pixel, const Rgb& colour) {
  constexpr double kOpacity = 0.55;
  for (std::size_t part = 0; part < colour.size(); ++part) {
    const double mixed = (1 - kOpacity) * pixel[part] + kOpacity * colour[part];
    pixel[part] = static_cast<std::uint8_t>(std::lround(mixed));
  }
}

Colour text_colour(const Colour& background) {
  const double luma = 0.299 * background.red + 0.587 * background.green + 0.114 * background.blue;
  return luma > 0.52 ? Colour{0.06, 0.06, 0.06} : Colour{1, 1, 1};
}

}  // namespace vpinfer
