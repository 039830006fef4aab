#include "net/mapping.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace vpinfer {
namespace {

/// The place of an output's first tap; what lies far beyond any input is one place.
int first_tap(const Window& window, int output) {
  const std::int64_t place = std::int64_t{output} * window.stride - window.pad_before;
  return static_cast<int>(std::min<std::int64_t>(place, std::numeric_limits<int>::max() / 2));
}

double place(const Sampling& sampling, int output) {
  const float moved = static_cast<float>(output) + sampling.output_offset;
  const float multiplied = moved * sampling.multiplier;
  const float scaled = multiplied / sampling.scale;
  return double{scaled - sampling.input_offset};
}

double nearest(Interpolation interpolation, double at) {
  constexpr double kHalf = 0.5 + 1e-6;
  switch (interpolation) {
    case Interpolation::kNearestFloor: return std::floor(at);
    case Interpolation::kNearestCeil: return std::ceil(at);
    case Interpolation::kNearestHalfDown: return std::ceil(at - kHalf);
    case Interpolation::kNearestHalfUp: return std::floor(at + kHalf);
    case Interpolation::kLinear: break;
  }
  return at;
}

}  // namespace

Interval read_by(const Window& window, Interval outputs, int input_size) {
  const int first = first_tap(window, outputs.begin);
  const int last = first_tap(window, outputs.end - 1);
  return intersect(Interval{first, last + window.reach()}, Interval{0, input_size});
}

WindowTaps taps_within(const Window& window, int output, Interval bounds) {
  const int first = first_tap(window, output);
  const auto taps_before = [&](int position) {
    const std::int64_t steps = std::int64_t{position} - first + window.dilation - 1;
    return static_cast<int>(std::clamp<std::int64_t>(steps / window.dilation, 0, window.size));
  };
  const int begin = taps_before(bounds.begin);
  return {first + begin * window.dilation, taps_before(bounds.end) - begin};
}

std::optional<int> padded_source(const Padding& padding, PadMode mode, int output, int input_size) {
  const int at = output - padding.before;
  const int last = input_size - 1;
  if (at >= 0 && at <= last) return at;
  switch (mode) {
    case PadMode::kConstant: return std::nullopt;
    case PadMode::kEdge: return std::clamp(at, 0, last);
    case PadMode::kReflect: return at < 0 ? -at : 2 * last - at;
  }
  return std::nullopt;
}

bool lies_inside(const Sampling& sampling, int output, int input_size) {
  const double at = place(sampling, output);
  return at >= 0 && at <= input_size - 1;
}

Taps sample(const Sampling& sampling, Interpolation interpolation, int output, int input_size) {
  const double at = place(sampling, output);
  const double clamped = std::clamp(at, 0.0, static_cast<double>(input_size - 1));
  if (interpolation == Interpolation::kLinear) {
    const int low = static_cast<int>(clamped);
    const auto weight = static_cast<float>(clamped - low);
    return {low, weight == 0 ? low : low + 1, weight};
  }
  const double chosen = std::clamp(nearest(interpolation, at), 0.0, input_size - 1.0);
  const int only = static_cast<int>(chosen);
  return {only, only, 0};
}

}  // namespace vpinfer
