#include "vision/test_picture.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// The scene's unit of length: the shorter side of the picture spans [-kUnit, kUnit).
constexpr std::int64_t kUnit = 4096;
constexpr std::int64_t kHorizon = 700;
constexpr std::int64_t kShades = 256;

/// Measured from the centre of the picture; y grows downwards.
struct Point {
  std::int64_t x = 0;
  std::int64_t y = 0;
};

struct Paint {
  std::int64_t red = 0;
  std::int64_t green = 0;
  std::int64_t blue = 0;
};

struct Sphere {
  Point centre;
  std::int64_t radius;
  Paint colour;
};

constexpr std::array kSpheres{
    Sphere{{-2350, 1500}, 1250, {225, 60, 70}},
    Sphere{{2500, 1150}, 900, {60, 170, 110}},
    Sphere{{450, 2450}, 1050, {70, 120, 235}},
};
constexpr Sphere kSun{{300, -500}, 1900, {}};

/// `a` for share 0, `b` for share kShades and beyond.
Paint mix(const Paint& a, const Paint& b, std::int64_t share) {
  const std::int64_t weight = std::clamp<std::int64_t>(share, 0, kShades);
  const auto blend = [weight](std::int64_t from, std::int64_t to) {
    return (from * (kShades - weight) + to * weight) / kShades;
  };
  return {blend(a.red, b.red), blend(a.green, b.green), blend(a.blue, b.blue)};
}

/// The largest integer whose square is at most `value`.
std::int64_t square_root(std::int64_t value) {
  std::int64_t root = 0;
  for (std::int64_t bit = std::int64_t{1} << 20; bit > 0; bit /= 2) {
    if ((root + bit) * (root + bit) <= value) root += bit;
  }
  return root;
}

std::int64_t squared_distance(Point a, Point b) {
  return (a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y);
}

Paint sky(Point at) {
  constexpr Paint kZenith{28, 22, 72};
  constexpr Paint kDusk{190, 62, 120};
  constexpr Paint kGlow{255, 176, 96};
  constexpr std::int64_t kDuskHeight = -1400;
  if (squared_distance(at, kSun.centre) < kSun.radius * kSun.radius) {
    // Stripes that grow towards the horizon.
    const std::int64_t depth = at.y - kSun.centre.y;
    const bool is_gap = depth > 0 && depth % 240 < depth / 9;
    constexpr Paint kTop{255, 236, 140};
    constexpr Paint kBottom{255, 84, 112};
    if (!is_gap) {
      return mix(kTop, kBottom, (depth + kSun.radius) * kShades / (2 * kSun.radius));
    }
  }
  if (at.y < kDuskHeight) {
    return mix(kDusk, kZenith, (kDuskHeight - at.y) * kShades / (kUnit + kDuskHeight));
  }
  return mix(kDusk, kGlow, (at.y - kDuskHeight) * kShades / (kHorizon - kDuskHeight));
}

/// A plane in perspective: what lies `below` the horizon is kCamera / below away.
Paint floor(Point at) {
  constexpr std::int64_t kCamera = 1 << 22;
  constexpr std::int64_t kTile = 1100;
  constexpr Paint kLight{236, 226, 214};
  constexpr Paint kDark{52, 44, 84};
  constexpr Paint kHaze{236, 140, 104};
  const std::int64_t below = std::max<std::int64_t>(at.y - kHorizon, 1);
  const std::int64_t away = kCamera / below;
  const std::int64_t across = at.x * away / 2048;
  constexpr std::int64_t kFar = kTile * 100'000;  // keeps the divided numbers positive
  const bool is_light = ((across + kFar) / kTile + (away * 2 + kFar) / kTile) % 2 == 0;
  Paint colour = mix(is_light ? kLight : kDark, kHaze, 40 * kShades / (below / 8 + 40));
  for (const Sphere& sphere : kSpheres) {
    // A soft, flat ellipse of shadow under each sphere.
    const std::int64_t dx = at.x - sphere.centre.x - sphere.radius / 4;
    const std::int64_t dy = (at.y - sphere.centre.y - sphere.radius) * 4;
    const std::int64_t distance = square_root(dx * dx + dy * dy) * kShades / sphere.radius;
    colour = mix({18, 12, 36}, colour, 50 + distance * 3 / 4);
  }
  return colour;
}

/// Lit from the upper left, with a highlight and a rim that reflects the sky.
Paint shaded(const Sphere& sphere, Point at) {
  const std::int64_t radius = sphere.radius;
  const std::int64_t x = at.x - sphere.centre.x;
  const std::int64_t y = at.y - sphere.centre.y;
  const std::int64_t z = square_root(std::max<std::int64_t>(radius * radius - x * x - y * y, 0));
  const std::int64_t light = (-5 * x - 6 * y + 6 * z) * kShades / (10 * radius);
  const Paint dark{sphere.colour.red / 6, sphere.colour.green / 6, sphere.colour.blue / 6 + 12};
  Paint colour = mix(dark, sphere.colour, light + 30);
  colour = mix(colour, {255, 150, 130}, (radius - z) * 70 / radius);
  const std::int64_t peak = std::max<std::int64_t>(light - 200, 0);
  return mix(colour, {255, 255, 255}, peak * peak / 8);
}

Paint scene(Point at) {
  for (auto sphere = kSpheres.rbegin(); sphere != kSpheres.rend(); ++sphere) {
    if (squared_distance(at, sphere->centre) < sphere->radius * sphere->radius) {
      return shaded(*sphere, at);
    }
  }
  return at.y < kHorizon ? sky(at) : floor(at);
}

/// Film grain: a hash of the position, in [-4, 4].
std::int64_t grain(int row, int col) {
  std::uint32_t hash =
      static_cast<std::uint32_t>(row) * 0x9E3779B1U ^ static_cast<std::uint32_t>(col) * 0x85EBCA77U;
  hash = (hash ^ hash >> 15U) * 0x2C1B3C6DU;
  hash ^= hash >> 13U;
  return static_cast<std::int64_t>(hash % 9) - 4;
}

/// The mean of 3x3 samples of the scene, so that edges are smooth.
Paint pixel(int row, int col, int rows, int cols) {
  constexpr std::int64_t kSamples = 3;
  const std::int64_t shorter_side = std::min(rows, cols);
  // Sample i of pixel p lies at p + (2 i + 1) / (2 kSamples); distances from the picture's centre.
  const auto place = [&](int index, std::int64_t sample, int size) {
    const std::int64_t doubled = 2 * kSamples * index + 2 * sample + 1 - kSamples * size;
    return doubled * kUnit / (kSamples * shorter_side);
  };
  Paint sum;
  for (std::int64_t i = 0; i < kSamples * kSamples; ++i) {
    const Paint colour = scene({place(col, i % kSamples, cols), place(row, i / kSamples, rows)});
    sum = {sum.red + colour.red, sum.green + colour.green, sum.blue + colour.blue};
  }
  constexpr std::int64_t kCount = kSamples * kSamples;
  return {sum.red / kCount, sum.green / kCount, sum.blue / kCount};
}

}  // namespace

Picture test_picture(int rows, int cols) {
  if (rows <= 0 || cols <= 0) {
    throw Bug("a test picture of " + std::to_string(rows) + "x" + std::to_string(cols));
  }
  Picture picture{rows, cols, {}};
  picture.rgb.reserve(static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols) * 3);
  for (int row = 0; row < rows; ++row) {
    for (int col = 0; col < cols; ++col) {
      const Paint colour = pixel(row, col, rows, cols);
      const std::int64_t noise = grain(row, col);
      for (const std::int64_t part : {colour.red, colour.green, colour.blue}) {
        picture.rgb.push_back(
            static_cast<std::uint8_t>(std::clamp<std::int64_t>(part + noise, 0, 255)));
      }
    }
  }
  return picture;
}

}  // namespace vpinfer
