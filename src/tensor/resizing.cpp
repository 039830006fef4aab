// Resize and Upsample along any axes.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "tensor/interpolation.hpp"
#include "tensor/picking.hpp"

namespace vpinfer {
namespace {

/// How one axis is resized.
struct ResizedAxis {
  std::int64_t size = 1;
  std::int64_t outputs = 1;
  float scale = 1;
  float begin = 0;  ///< the part of it that is wanted, as shares
  float end = 1;
};

/// What a node asks for besides.
struct ResizeStyle {
  std::string mode;
  std::string transform;  ///< of coordinates
  std::string rounding;   ///< to the nearest
  Interpolator interpolator;
  bool antialias = false;
  bool exclude_outside = false;
};

/// The coordinate in the input of an output, in single precision as ONNX Runtime has it.
float coordinate(const OnnxCall& call, const ResizedAxis& axis, const std::string& transform,
                 std::int64_t output) {
  const auto at = static_cast<float>(output);
  const auto size = static_cast<float>(axis.size);
  const auto outputs = static_cast<float>(axis.outputs);
  if (transform == "asymmetric") return at / axis.scale;
  if (transform == "half_pixel") return (at + 0.5F) / axis.scale - 0.5F;
  if (transform == "tf_half_pixel_for_nn") return (at + 0.5F) / axis.scale;
  if (transform == "pytorch_half_pixel") {
    return axis.outputs > 1 ? (at + 0.5F) / axis.scale - 0.5F : 0;
  }
  if (transform == "align_corners") return axis.outputs > 1 ? at * (size - 1) / (outputs - 1) : 0;
  if (transform == "half_pixel_symmetric") {
    const float offset = size / 2 * (1 - outputs / (axis.scale * size));
    return offset + (at + 0.5F) / axis.scale - 0.5F;
  }
  if (transform == "tf_crop_and_resize") {
    if (axis.outputs == 1) return 0.5F * (axis.begin + axis.end) * (size - 1);
    return axis.begin * (size - 1) + at * (axis.end - axis.begin) * (size - 1) / (outputs - 1);
  }
  call.node.unsupported("coordinate_transformation_mode " + transform);
}

/// The element nearest to a coordinate; halves, within 1e-6 as in ONNX Runtime, as preferred.
float nearest_to(const OnnxCall& call, float at, const std::string& rounding) {
  if (rounding == "floor") return std::floor(at);
  if (rounding == "ceil") return std::ceil(at);
  const float low = std::floor(at);
  const bool is_half = std::abs(at - low - 0.5F) < 1e-6F;
  if (rounding == "round_prefer_floor") return is_half ? low : std::floor(at + 0.5F);
  if (rounding == "round_prefer_ceil") return is_half ? low + 1 : std::floor(at + 0.5F);
  call.node.unsupported("nearest_mode " + rounding);
}

/// Whether an axis stays as it is, whatever the rounding.
bool is_kept(const ResizedAxis& axis, const ResizeStyle& style) {
  return axis.scale == 1 && axis.outputs == axis.size && style.transform != "tf_crop_and_resize";
}

OnnxTensor resize_to_nearest(const OnnxCall& call, const std::vector<ResizedAxis>& axes,
                             const ResizeStyle& style) {
  const OnnxTensor& data = call.input(0);
  const OnnxDims strides = strides_of(data.dims);
  std::vector<OnnxPlaces> places = places_of(data.dims);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (is_kept(axes[i], style)) continue;
    places[i].clear();
    // Before operator set 11 a place is rounded up where an axis shrinks.
    const bool up = call.node.opset() < 11 && axes[i].scale < 1;
    for (std::int64_t output = 0; output < axes[i].outputs; ++output) {
      const float at = nearest_to(call, coordinate(call, axes[i], style.transform, output),
                                  up ? "ceil" : style.rounding);
      const float inside =
          std::clamp(std::isnan(at) ? 0.0F : at, 0.0F, static_cast<float>(axes[i].size - 1));
      places[i].push_back(static_cast<std::int64_t>(inside) * strides[i]);
    }
  }
  return pick(call, data, std::move(places));
}

/// For each output along an axis the inputs that it is made of.
std::vector<std::vector<WeightedPlace>> interpolated(const OnnxCall& call, const ResizedAxis& axis,
                                                     const ResizeStyle& style) {
  Interpolator interpolator = style.interpolator;
  if (style.antialias) interpolator.stretch = std::max(1.0F, 1 / axis.scale);
  std::vector<std::vector<WeightedPlace>> result;
  for (std::int64_t output = 0; output < axis.outputs; ++output) {
    auto places = interpolator.neighbours(coordinate(call, axis, style.transform, output));
    for (WeightedPlace& place : places) {
      const std::int64_t inside = std::clamp(place.place, std::int64_t{0}, axis.size - 1);
      if (style.exclude_outside && inside != place.place) place.weight = 0;
      place.place = inside;
    }
    if (style.exclude_outside || style.antialias) normalise(places);
    result.push_back(std::move(places));
  }
  return result;
}

/// A tensor with one of its axes made of weighted sums along it.
OnnxTensor sums_along(const OnnxCall& call, const OnnxTensor& data, std::size_t axis,
                      const std::vector<std::vector<WeightedPlace>>& sums) {
  OnnxTensor result{data.dims, {}};
  result.dims[axis] = static_cast<std::int64_t>(sums.size());
  check_size(call, result.dims);
  std::vector<float> values(static_cast<std::size_t>(count_elements(result.dims)));
  const std::int64_t inner = count_from(data.dims, axis + 1);
  const std::int64_t outer = count_before(data.dims, axis);
  float* to = values.data();
  for (std::int64_t o = 0; o < outer; ++o) {
    const float* line = data.floats().data() + o * data.dims[axis] * inner;
    for (const std::vector<WeightedPlace>& sum : sums) {
      for (const WeightedPlace& term : sum) {
        const float* from = line + term.place * inner;
        for (std::int64_t i = 0; i < inner; ++i) to[i] += term.weight * from[i];
      }
      to += inner;
    }
  }
  result.values = std::move(values);
  return result;
}

OnnxTensor resize_smoothly(const OnnxCall& call, const std::vector<ResizedAxis>& axes,
                           const ResizeStyle& style) {
  OnnxTensor result = call.input(0);
  if (!result.is_float()) call.node.unsupported("interpolating whole numbers");
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (is_kept(axes[i], style)) continue;
    result = sums_along(call, result, i, interpolated(call, axes[i], style));
  }
  return result;
}

/// What lies outside of the input becomes a number of its own where a part is cropped.
OnnxTensor extrapolated(const OnnxCall& call, const OnnxTensor& resized,
                        const std::vector<ResizedAxis>& axes, const ResizeStyle& style) {
  std::vector<OnnxPlaces> places = places_of(resized.dims);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    for (std::int64_t output = 0; output < axes[i].outputs; ++output) {
      const float at = coordinate(call, axes[i], style.transform, output);
      const bool inside = at >= 0 && at <= static_cast<float>(axes[i].size - 1);
      if (!inside) places[i][static_cast<std::size_t>(output)] = kFilled;
    }
  }
  return pick(call, resized, std::move(places),
              static_cast<double>(call.node.number("extrapolation_value", 0)));
}

OnnxTensor resize_axes(const OnnxCall& call, const std::vector<ResizedAxis>& axes,
                       const ResizeStyle& style) {
  if (count_elements(call.input(0).dims) == 0) call.node.refuse("cannot resize nothing");
  const bool is_nearest = style.mode == "nearest";
  const OnnxTensor resized =
      is_nearest ? resize_to_nearest(call, axes, style) : resize_smoothly(call, axes, style);
  return style.transform == "tf_crop_and_resize" ? extrapolated(call, resized, axes, style)
                                                 : resized;
}

ResizeStyle read_style(const OnnxCall& call) {
  const OnnxNodeReader& node = call.node;
  ResizeStyle style{node.text("mode", "nearest"), "asymmetric", "floor", {}};
  if (node.opset() >= 11 && node.node().op == "Resize") {
    style.transform = node.text("coordinate_transformation_mode", "half_pixel");
    style.rounding = node.text("nearest_mode", "round_prefer_floor");
  }
  if (style.mode != "nearest" && style.mode != "linear" && style.mode != "cubic") {
    node.unsupported("mode " + style.mode);
  }
  style.interpolator.cubic = style.mode == "cubic";
  style.interpolator.a = node.number("cubic_coeff_a", -0.75F);
  style.antialias = node.flag("antialias");
  style.exclude_outside = node.flag("exclude_outside");
  return style;
}

/// Resizes an axis by a scale.  ONNX multiplies floats: 10 * 0.7 is 7.
void scale_axis(const OnnxCall& call, ResizedAxis& axis, float scale) {
  const float outputs = std::floor(static_cast<float>(axis.size) * scale);
  if (!(scale > 0 && outputs >= 1 && outputs <= 1e9F)) {
    call.node.refuse("its result would be empty or too large");
  }
  axis.scale = scale;
  axis.outputs = static_cast<std::int64_t>(outputs);
}

/// Resizes axes to these extents, or keeps their ratio with these as the limits.
void resize_to(const OnnxCall& call, const std::vector<ResizedAxis*>& axes, const OnnxDims& sizes) {
  const std::string policy = call.node.text("keep_aspect_ratio_policy", "stretch");
  const auto share = [&](std::size_t i) {
    return static_cast<float>(sizes[i]) / static_cast<float>(axes[i]->size);
  };
  float common = share(0);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (sizes[i] < 1) call.node.refuse("its result would be empty");
    axes[i]->outputs = sizes[i];
    axes[i]->scale = share(i);
    common = policy == "not_larger" ? std::min(common, share(i)) : std::max(common, share(i));
  }
  if (policy == "stretch") return;
  if (policy != "not_larger" && policy != "not_smaller") {
    call.node.unsupported("keep_aspect_ratio_policy " + policy);
  }
  for (ResizedAxis* axis : axes) {
    axis->scale = common;
    axis->outputs = std::llround(common * static_cast<float>(axis->size));
  }
}

/// Numbers that an input holds; none if it is left out.
std::vector<float> optional_floats(const OnnxCall& call, std::size_t input) {
  return call.has(input) ? call.floats(input) : std::vector<float>{};
}

OnnxTensor resize(const OnnxCall& call) {
  const bool is_old = call.node.opset() < 11 || call.node.node().op == "Upsample";
  const OnnxDims& dims = call.input(0).dims;
  std::vector<ResizedAxis> axes;
  for (const std::int64_t extent : dims) axes.push_back({extent, extent});
  std::vector<ResizedAxis*> named;
  for (ResizedAxis& axis : axes) named.push_back(&axis);
  if (call.node.has_attribute("axes")) {
    named.clear();
    for (const std::int64_t axis : call.node.integers("axes", {})) {
      named.push_back(&axes[call.node.axis(axis, dims.size())]);
    }
  }
  const std::vector<float> scales = call.node.opset() < 9 ? call.node.numbers("scales", {})
                                                          : optional_floats(call, is_old ? 1 : 2);
  const OnnxDims sizes = !is_old && call.has(3) ? call.integers(3) : OnnxDims{};
  if (named.empty() || (sizes.empty() ? scales.size() : sizes.size()) != named.size()) {
    call.node.refuse("its scales or sizes do not suit " + to_string(dims));
  }
  const ResizeStyle style = read_style(call);
  if (style.transform == "tf_crop_and_resize") {
    const std::vector<float> region = optional_floats(call, 1);
    if (region.size() != 2 * named.size()) {
      call.node.refuse("its region of interest must hold two numbers for each axis");
    }
    for (std::size_t i = 0; i < named.size(); ++i) {
      named[i]->begin = region[i];
      named[i]->end = region[i + named.size()];
    }
  }
  if (sizes.empty()) {
    for (std::size_t i = 0; i < named.size(); ++i) scale_axis(call, *named[i], scales[i]);
  } else {
    resize_to(call, named, sizes);
  }
  return resize_axes(call, axes, style);
}

}  // namespace

std::vector<OnnxComputation> resizing_operators() {
  return {{"Resize", one<resize>, 1U << 1U | 1U << 2U | 1U << 3U},
          {"Upsample", one<resize>, 1U << 1U}};
}

}  // namespace vpinfer
