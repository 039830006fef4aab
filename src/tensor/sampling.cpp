// Operators that read a picture at places that other inputs tell, in any number of axes.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "tensor/interpolation.hpp"
#include "tensor/picking.hpp"

namespace vpinfer {
namespace {

/// What stands where a grid points outside, and how what lies between elements is read.
struct GridStyle {
  bool nearest = false;
  Interpolator interpolator;
  std::string padding;
  bool corners = false;  ///< whether -1 and 1 are the outermost elements, not the edges
};

GridStyle read_grid_style(const OnnxCall& call) {
  const std::string mode = call.node.text("mode", "linear");
  GridStyle style{mode == "nearest",
                  {},
                  call.node.text("padding_mode", "zeros"),
                  call.node.flag("align_corners")};
  style.interpolator.cubic = mode == "cubic" || mode == "bicubic";
  if (!style.nearest && !style.interpolator.cubic && mode != "linear" && mode != "bilinear") {
    call.node.unsupported("mode " + mode);
  }
  if (style.padding != "zeros" && style.padding != "border" && style.padding != "reflection") {
    call.node.unsupported("padding_mode " + style.padding);
  }
  return style;
}

/// The element of an axis that stands at a place which may lie outside, or kFilled.
std::int64_t element_at(const GridStyle& style, std::int64_t place, std::int64_t size) {
  if (place >= 0 && place < size) return place;
  if (style.padding == "zeros") return kFilled;
  if (style.padding == "border") return std::clamp(place, std::int64_t{0}, size - 1);
  const std::int64_t period = std::max<std::int64_t>(1, style.corners ? 2 * (size - 1) : 2 * size);
  const std::int64_t turned = (place % period + period) % period;
  return turned < size ? turned : period - turned - (style.corners ? 0 : 1);
}

/// The elements along an axis that a coordinate from -1 to 1 stands for.
std::vector<WeightedPlace> elements_at(const GridStyle& style, float coordinate,
                                       std::int64_t size) {
  constexpr float kFarthest = 1e9F;
  const auto extent = static_cast<float>(size);
  float at =
      style.corners ? (coordinate + 1) / 2 * (extent - 1) : ((coordinate + 1) * extent - 1) / 2;
  at = std::isnan(at) ? -kFarthest : std::clamp(at, -kFarthest, kFarthest);
  std::vector<WeightedPlace> places{{std::llround(std::nearbyint(at)), 1}};
  if (!style.nearest) places = style.interpolator.neighbours(at);
  for (WeightedPlace& place : places) {
    place.place = element_at(style, place.place, size);
    if (place.place == kFilled) place = {0, 0};
  }
  return places;
}

/// The elements of a plane that a point of the grid stands for: products along all axes.  A point
/// names the last axis first.
std::vector<WeightedPlace> elements_at_point(const GridStyle& style, const float* point,
                                             const OnnxDims& plane) {
  std::vector<WeightedPlace> products{{0, 1}};
  for (std::size_t axis = 0; axis < plane.size(); ++axis) {
    std::vector<WeightedPlace> more;
    const auto along = elements_at(style, point[plane.size() - 1 - axis], plane[axis]);
    for (const WeightedPlace& product : products) {
      for (const WeightedPlace& place : along) {
        more.push_back({product.place * plane[axis] + place.place, product.weight * place.weight});
      }
    }
    products = std::move(more);
  }
  return products;
}

OnnxTensor grid_sample(const OnnxCall& call) {
  const OnnxTensor& data = call.input(0);
  const OnnxTensor& grid = call.input(1);
  const std::size_t rank = data.dims.size();
  const bool fits = data.is_float() && grid.is_float() && rank >= 3 && grid.dims.size() == rank &&
                    grid.dims[0] == data.dims[0] &&
                    grid.dims.back() == static_cast<std::int64_t>(rank) - 2 &&
                    count_elements(data.dims) > 0;
  if (!fits) {
    call.node.refuse("a grid of " + to_string(grid.dims) + " does not fit " + to_string(data.dims));
  }
  const GridStyle style = read_grid_style(call);
  const OnnxDims plane(data.dims.begin() + 2, data.dims.end());
  OnnxDims dims{data.dims[0], data.dims[1]};
  dims.insert(dims.end(), grid.dims.begin() + 1, grid.dims.end() - 1);
  check_size(call, dims);
  std::vector<float> values(static_cast<std::size_t>(count_elements(dims)));
  const std::int64_t points = count_from(dims, 2);
  const std::int64_t size = count_elements(plane);
  const std::int64_t channels = dims[1];
  for (std::int64_t i = 0; i < dims[0] * points; ++i) {
    const float* point = grid.floats().data() + i * grid.dims.back();
    const auto elements = elements_at_point(style, point, plane);
    for (std::int64_t channel = 0; channel < channels; ++channel) {
      const std::int64_t map = i / points * channels + channel;
      const float* from = data.floats().data() + map * size;
      float sum = 0;
      for (const WeightedPlace& element : elements) sum += element.weight * from[element.place];
      values[static_cast<std::size_t>(map * points + i % points)] = sum;
    }
  }
  return {std::move(dims), std::move(values)};
}

/// The coordinates, from -1 to 1, of the elements along an axis.
float grid_coordinate(std::int64_t at, std::int64_t size, bool corners) {
  const auto position = static_cast<float>(at);
  const auto extent = static_cast<float>(size);
  if (!corners) return (2 * position + 1) / extent - 1;
  return size > 1 ? 2 * position / (extent - 1) - 1 : -1;
}

/// A grid for GridSample: the places of a picture's elements, moved by a matrix.
OnnxTensor affine_grid(const OnnxCall& call) {
  const OnnxTensor& theta = call.input(0);
  const OnnxDims& size = call.integers(1);
  const auto axes = static_cast<std::int64_t>(size.size()) - 2;
  if (!theta.is_float() || axes < 1 || theta.dims != OnnxDims{size[0], axes, axes + 1}) {
    call.node.refuse("matrices of " + to_string(theta.dims) + " do not fit " + to_string(size));
  }
  OnnxDims dims{size[0]};
  dims.insert(dims.end(), size.begin() + 2, size.end());
  dims.push_back(axes);
  check_size(call, dims);
  const OnnxDims plane(size.begin() + 2, size.end());
  const OnnxDims strides = strides_of(plane);
  const bool corners = call.node.flag("align_corners");
  std::vector<float> values;
  for (std::int64_t i = 0; i < size[0] * count_elements(plane); ++i) {
    const std::int64_t point = i % count_elements(plane);
    const float* matrix = theta.floats().data() + i / count_elements(plane) * axes * (axes + 1);
    for (std::int64_t row = 0; row < axes; ++row) {
      float sum = matrix[row * (axes + 1) + axes];
      for (std::int64_t col = 0; col < axes; ++col) {
        const auto axis = static_cast<std::size_t>(axes - 1 - col);
        const std::int64_t at = point / strides[axis] % plane[axis];
        sum += matrix[row * (axes + 1) + col] * grid_coordinate(at, plane[axis], corners);
      }
      values.push_back(sum);
    }
  }
  return {std::move(dims), std::move(values)};
}

}  // namespace

std::vector<OnnxComputation> sampling_operators() {
  return {{"GridSample", one<grid_sample>}, {"AffineGrid", one<affine_grid>, 1U << 1U}};
}

}  // namespace vpinfer
