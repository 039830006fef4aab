#pragma once

#include <vector>

#include "tensor/sliding.hpp"

namespace vpinfer {

/// A convolution: of what, with windows of which places, and by how many filters.
struct ConvolutionForm {
  Planes planes;
  SlidingWindows windows;
  std::int64_t groups = 1;
  std::int64_t filters = 1;  ///< of all groups
};

/// By a node's attributes and the extents of its inputs.  Throws BadInput if they do not match.
[[nodiscard]] ConvolutionForm read_convolution(const OnnxCall& call, const OnnxDims& data,
                                               const OnnxDims& weights);

/// The extents of the result.
[[nodiscard]] OnnxDims convolved_dims(const OnnxCall& call, const ConvolutionForm& form);

/// The sums of products, without a bias.  What lies outside the planes is 0.
template <typename Number>
std::vector<Number> convolve(const ConvolutionForm& form, const std::vector<Number>& data,
                             const std::vector<Number>& weights) {
  const Planes& planes = form.planes;
  const SlidingWindows& windows = form.windows;
  const std::int64_t groups = form.groups;
  const std::int64_t filters = form.filters;
  const std::int64_t places = windows[0].places * windows[1].places * windows[2].places;
  const std::int64_t taps = windows[0].size * windows[1].size * windows[2].size;
  const std::int64_t depth = planes.channels / groups;
  std::vector<Number> sums(static_cast<std::size_t>(planes.batch * filters * places));
  for (std::int64_t line = 0; line < planes.batch * filters * depth; ++line) {
    const std::int64_t channel = line % depth;
    const std::int64_t filter = line / depth % filters;
    const std::int64_t picture = line / depth / filters;
    const std::int64_t read = filter / (filters / groups) * depth + channel;
    const Number* plane = data.data() + (picture * planes.channels + read) * planes.size();
    const Number* kernel = weights.data() + (filter * depth + channel) * taps;
    Number* result = sums.data() + (picture * filters + filter) * places;
    for_each_tap(windows, [&](const PlaneExtents& tap, std::int64_t number) {
      const Number weight = kernel[number];
      for_each_tap_row(windows, planes.extents, tap, [&](const TapRow& row) {
        for (std::int64_t i = 0; i < row.count; ++i) {
          result[row.place + i] += weight * plane[row.element + i * row.stride];
        }
      });
    });
  }
  return sums;
}

}  // namespace vpinfer
