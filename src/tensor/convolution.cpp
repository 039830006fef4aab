// Operators that add up products with weights in each window.

#include "tensor/convolution.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

namespace vpinfer {
namespace {

/// How a convolution takes channels apart; refuses what cannot be.
std::int64_t read_groups(const OnnxCall& call, std::int64_t channels) {
  const std::int64_t groups = call.node.integer("group", 1);
  if (groups < 1 || channels < 1 || channels % groups != 0) {
    call.node.refuse(std::to_string(groups) + " groups do not divide " + std::to_string(channels) +
                     " channels");
  }
  return groups;
}

/// The extents of a kernel, which are those of weights behind the first two.
OnnxDims kernel_of(const OnnxCall& call, const OnnxDims& weights, const Planes& planes) {
  if (planes.axes == 0 || weights.size() != 2 + planes.axes) {
    call.node.refuse("its weights of " + to_string(weights) + " do not fit its input");
  }
  OnnxDims kernel(weights.begin() + 2, weights.end());
  if (call.node.integers("kernel_shape", kernel) != kernel) {
    call.node.refuse("its kernel_shape is not that of its weights");
  }
  return kernel;
}

/// Planes of zeros or, if there is one, of their filter's bias.
std::vector<float> biases(const OnnxCall& call, const OnnxDims& dims) {
  check_size(call, dims);
  std::vector<float> sums(static_cast<std::size_t>(count_elements(dims)));
  if (!call.has(2)) return sums;
  const std::vector<float>& bias = call.floats(2);
  if (static_cast<std::int64_t>(bias.size()) != dims[1]) {
    call.node.refuse("needs a bias for each of " + std::to_string(dims[1]) + " filters");
  }
  if (sums.empty()) return sums;
  const std::size_t places = sums.size() / static_cast<std::size_t>(dims[0] * dims[1]);
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] = bias[i / places % bias.size()];
  return sums;
}

OnnxTensor convolution(const OnnxCall& call) {
  const ConvolutionForm form = read_convolution(call, call.input(0).dims, call.input(1).dims);
  const OnnxDims dims = convolved_dims(call, form);
  std::vector<float> sums = convolve(form, call.floats(0), call.floats(1));
  const std::vector<float> bias = biases(call, dims);
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += bias[i];
  return {dims, std::move(sums)};
}

/// The result's extent along an axis, and the padding that it leaves out of what all windows cover.
std::int64_t transposed_extent(const OnnxCall& call, SlidingWindow& window, std::int64_t extra,
                               std::optional<std::int64_t> wanted) {
  const std::string automatic = call.node.text("auto_pad", "NOTSET");
  const bool same = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  const std::int64_t full = (window.places - 1) * window.stride + window.reach() + extra;
  if (!wanted && !same) {
    if (automatic == "VALID") window.before = window.after = 0;
    return full - window.before - window.after;
  }
  const std::int64_t extent = wanted.value_or(window.places * window.stride);
  const std::int64_t total = std::max(std::int64_t{0}, full - extent);
  window.before = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
  return extent;
}

/// A transposed convolution: windows whose places are the elements of `read` slide over the result.
struct Transposed {
  Planes read;
  Planes made;
  SlidingWindows windows;
  std::int64_t groups = 1;
};

Transposed read_transposed(const OnnxCall& call, const OnnxDims& weights) {
  Transposed form{read_planes(call, call.input(0).dims), {}, {}};
  const std::size_t axes = form.read.axes;
  form.groups = read_groups(call, form.read.channels);
  form.windows = read_sliding(call, axes, kernel_of(call, weights, form.read));
  form.made = {form.read.batch, weights[1] * form.groups, axes};
  if (weights[0] != form.read.channels) {
    call.node.refuse("its weights of " + to_string(weights) + " do not fit its input");
  }
  const PlaneExtents extra = per_axis(call.node, "output_padding", axes, 0);
  OnnxDims wanted = call.node.integers("output_shape", {});
  if (wanted.size() == axes + 2) wanted.erase(wanted.begin(), wanted.begin() + 2);
  if (!wanted.empty() && wanted.size() != axes) call.node.refuse("its output_shape does not fit");
  for (std::size_t i = 0; i < axes; ++i) {
    const std::size_t axis = kSlidingAxes - axes + i;
    form.windows[axis].places = form.read.extents[axis];
    form.made.extents[axis] =
        transposed_extent(call, form.windows[axis], extra[axis],
                          wanted.empty() ? std::nullopt : std::optional<std::int64_t>(wanted[i]));
  }
  return form;
}

OnnxTensor transposed_convolution(const OnnxCall& call) {
  const OnnxTensor& weights = call.input(1);
  const Transposed form = read_transposed(call, weights.dims);
  const auto& [read, made, windows, groups] = form;
  const OnnxDims dims = dims_of(made, made.channels, made.extents);
  std::vector<float> sums = biases(call, dims);
  const std::int64_t per_group = made.channels / groups;
  const std::int64_t taps = windows[0].size * windows[1].size * windows[2].size;
  for (std::int64_t line = 0; line < read.batch * read.channels * per_group; ++line) {
    const std::int64_t filter = line % per_group;
    const std::int64_t plane = line / per_group;  // of the batch
    const std::int64_t channel = plane % read.channels;
    const std::int64_t target = channel / (read.channels / groups) * per_group + filter;
    const float* from = call.floats(0).data() + plane * read.size();
    const float* kernel = call.floats(1).data() + (channel * per_group + filter) * taps;
    float* to = sums.data() + (plane / read.channels * made.channels + target) * made.size();
    for_each_tap(windows, [&, &slid = windows](const PlaneExtents& tap, std::int64_t number) {
      const float weight = kernel[number];
      for_each_tap_row(slid, form.made.extents, tap, [&](const TapRow& row) {
        for (std::int64_t i = 0; i < row.count; ++i) {
          to[row.element + i * row.stride] += weight * from[row.place + i];
        }
      });
    });
  }
  return {dims, std::move(sums)};
}

/// Columns [batch][channels x taps][places] added up where their windows lay.
OnnxTensor column_to_image(const OnnxCall& call) {
  const OnnxTensor& columns = call.input(0);
  const OnnxDims& image = call.integers(1);
  const OnnxDims& kernel = call.integers(2);
  const std::int64_t taps = count_elements(kernel);
  const bool fits = columns.dims.size() == 3 && taps > 0 && columns.dims[1] % taps == 0 &&
                    image.size() == kernel.size();
  if (!fits) call.node.refuse("cannot make windows of " + to_string(columns.dims));
  OnnxDims dims{columns.dims[0], columns.dims[1] / taps};
  dims.insert(dims.end(), image.begin(), image.end());
  check_size(call, dims);
  const Planes planes = read_planes(call, dims);
  const SlidingWindows windows = read_sliding_over(call, planes, kernel);
  const std::int64_t places = windows[0].places * windows[1].places * windows[2].places;
  if (places != columns.dims[2]) {
    call.node.refuse("has " + std::to_string(columns.dims[2]) + " windows instead of " +
                     std::to_string(places));
  }
  std::vector<float> sums(static_cast<std::size_t>(count_elements(dims)));
  for (std::int64_t plane = 0; plane < dims[0] * dims[1]; ++plane) {
    float* to = sums.data() + plane * planes.size();
    for_each_tap(windows, [&](const PlaneExtents& tap, std::int64_t number) {
      const float* from = call.floats(0).data() + (plane * taps + number) * places;
      for_each_tap_row(windows, planes.extents, tap, [&](const TapRow& row) {
        for (std::int64_t i = 0; i < row.count; ++i) {
          to[row.element + i * row.stride] += from[row.place + i];
        }
      });
    });
  }
  return {std::move(dims), std::move(sums)};
}

}  // namespace

ConvolutionForm read_convolution(const OnnxCall& call, const OnnxDims& data,
                                 const OnnxDims& weights) {
  ConvolutionForm form{read_planes(call, data), {}};
  form.groups = read_groups(call, form.planes.channels);
  form.windows = read_sliding_over(call, form.planes, kernel_of(call, weights, form.planes));
  form.filters = weights[0];
  if (weights[1] * form.groups != form.planes.channels || form.filters < 1 ||
      form.filters % form.groups != 0) {
    call.node.refuse("its weights of " + to_string(weights) + " do not fit " + to_string(data));
  }
  return form;
}

OnnxDims convolved_dims(const OnnxCall& call, const ConvolutionForm& form) {
  OnnxDims dims = dims_of(form.planes, form.filters, count_places(form.windows));
  check_size(call, dims);
  return dims;
}

std::vector<OnnxComputation> convolution_operators() {
  return {{"Conv", one<convolution>},
          {"ConvTranspose", one<transposed_convolution>},
          {"Col2Im", one<column_to_image>, 1U << 1U | 1U << 2U}};
}

}  // namespace vpinfer
