#include "vpinfer/net/mapping.hpp"

#include <algorithm>
#include <cmath>

namespace vpinfer {

Interval read_by(const Window& window, Interval outputs, int input_size) {
  const int first = outputs.begin * window.stride - window.pad_before;
  const int last = (outputs.end - 1) * window.stride - window.pad_before;
  return intersect(Interval{first, last + window.reach()}, Interval{0, input_size});
}

WindowTaps taps_within(const Window& window, int output, Interval bounds) {
  const int first = output * window.stride - window.pad_before;
  const auto steps_to = [&](int position) {  // from the first tap to the first one there or behind
    return std::clamp((position - first + window.dilation - 1) / window.dilation, 0, window.size);
  };
  const int begin = first < bounds.begin ? steps_to(bounds.begin) : 0;
  const int end = first < bounds.end ? steps_to(bounds.end) : 0;
  return {first + begin * window.dilation, std::max(0, end - begin)};
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

namespace {

double place(const Sampling& sampling, int output) {
  const float moved = static_cast<float>(output) + static_cast<float>(sampling.output_offset);
  const float multiplied = moved * static_cast<float>(sampling.multiplier);
  const float scaled = multiplied / static_cast<float>(sampling.scale);
  return double{scaled - static_cast<float>(sampling.input_offset)};
}

double round(Interpolation interpolation, double at) {
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
  const int nearest = static_cast<int>(std::clamp(round(interpolation, at), 0.0, input_size - 1.0));
  return {nearest, nearest, 0};
}

}  // namespace vpinfer
