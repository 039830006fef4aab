#include "vpinfer/net/mapping.hpp"

#include <algorithm>
#include <cmath>

namespace vpinfer {

Interval read_by(const Window& window, Interval outputs, int input_size) {
  const int first = outputs.begin * window.stride - window.pad_before;
  const int last = (outputs.end - 1) * window.stride - window.pad_before;
  return intersect(Interval{first, last + window.reach()}, Interval{0, input_size});
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
  return (output + sampling.output_offset) / sampling.scale - sampling.input_offset;
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
  const double rounded = interpolation == Interpolation::kNearestFloor      ? std::floor(at)
                         : interpolation == Interpolation::kNearestCeil     ? std::ceil(at)
                         : interpolation == Interpolation::kNearestHalfDown ? std::ceil(at - 0.5)
                                                                            : std::floor(at + 0.5);
  const int nearest = static_cast<int>(std::clamp(rounded, 0.0, input_size - 1.0));
  return {nearest, nearest, 0};
}

}  // namespace vpinfer
