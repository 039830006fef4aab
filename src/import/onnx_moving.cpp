// ONNX's operators that move elements of pictures.

#include <algorithm>
#include <cmath>
#include <numeric>

#include "import/onnx_builder.hpp"
#include "import/onnx_cubic.hpp"
#include "tensor/dims.hpp"

namespace vpinfer {
namespace {

bool are_alike_but_along(Axis axis, Shape a, const Shape& b) {
  along(a, axis) = along(b, axis);
  return a == b;
}

void concat(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const std::size_t count = node.node().inputs.size();
  std::vector<FeatureMap> maps;
  for (std::size_t i = 0; i < count; ++i) maps.push_back(builder.complete(node, i));
  if (maps.empty()) node.refuse("it has no input");
  const FeatureMap& first = maps.front();
  if (!node.has_attribute("axis")) node.refuse("it has no axis");
  const std::size_t axis = node.axis(node.integer("axis", 1), first.dims.size());
  if (count == 1) return builder.define(node.node().outputs.front(), first);
  const std::optional<Axis> box_axis = builder.box_axis(node, first, axis);
  FeatureMap result = first;
  result.dims[axis] = 0;
  std::vector<int> positions;
  for (const FeatureMap& map : maps) {
    if (map.dims.size() != first.dims.size()) node.refuse("its inputs have different ranks");
    if (builder.box_axis(node, map, axis) != box_axis || !box_axis || map.order != first.order ||
        !are_alike_but_along(*box_axis, builder.shape(map), builder.shape(first))) {
      node.unsupported("joining batches, or tensors that were reshaped differently,");
    }
    result.dims[axis] += map.dims[axis];
    positions.push_back(map.position);
  }
  result.position = builder.add(node, Concat{*box_axis}, std::move(positions));
  builder.define(node.node().outputs.front(), result);
}

/// A part of a box along some axes.
struct Part {
  Slice slice;

  explicit Part(const Shape& shape)
      : slice{{0, shape.rows}, {0, shape.cols}, {0, shape.channels}} {}

  [[nodiscard]] Cut& cut(Axis axis) {
    if (axis == Axis::kChannels) return slice.channels;
    return axis == Axis::kRows ? slice.rows : slice.cols;
  }
};

/// As many parts as there are outputs; since operator set 18 the last one may be shorter.
std::vector<std::int64_t> equal_parts(const OnnxNodeReader& node, const FeatureMap& map,
                                      std::size_t axis) {
  const auto parts = static_cast<std::int64_t>(node.node().outputs.size());
  if (node.integer("num_outputs", parts) != parts) {
    node.refuse("its num_outputs is not the number of its outputs");
  }
  const std::int64_t size = (map.dims[axis] + parts - 1) / parts;
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(parts), size);
  sizes.back() = map.dims[axis] - (parts - 1) * size;
  if (sizes.back() != size && !node.has_attribute("num_outputs")) {
    node.refuse(std::to_string(parts) + " equal parts do not fit " + to_string(map.dims));
  }
  return sizes;
}

void split(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap map = builder.complete(node, 0);
  const std::size_t axis = node.axis(node.integer("axis", 0), map.dims.size());
  const std::optional<Axis> box_axis = builder.box_axis(node, map, axis);
  if (!box_axis) node.unsupported("a split of the batch");
  const auto parts = static_cast<std::int64_t>(node.node().outputs.size());
  std::vector<std::int64_t> sizes = node.integers("split", {});
  if (node.has_input(1)) sizes = builder.integers(node, 1);
  if (sizes.empty()) sizes = equal_parts(node, map, axis);
  if (std::find(sizes.begin(), sizes.end(), 0) != sizes.end()) node.unsupported("an empty part");
  std::int64_t left = map.dims[axis];
  const bool fit = std::all_of(sizes.begin(), sizes.end(), [&](std::int64_t size) {
    const bool fits = size > 0 && size <= left;
    if (fits) left -= size;
    return fits;
  });
  if (static_cast<std::int64_t>(sizes.size()) != parts || !fit || left != 0) {
    node.refuse("its parts of " + to_string(sizes) + " do not add up to axis " +
                std::to_string(axis) + " of " + to_string(map.dims));
  }
  int begin = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const int size = node.small(sizes[i]);
    if (node.has_output(i)) {
      Part part(builder.shape(map));
      part.cut(*box_axis) = {begin, size};
      FeatureMap result = map;
      result.dims[axis] = size;
      result.position = builder.add(node, part.slice, {map.position});
      builder.define(node.node().outputs[i], result);
    }
    begin += size;
  }
}

/// Starts, ends, axes and steps are attributes, since opset 10 inputs.
OnnxSlice read_slice(const OnnxBuilder& builder, const OnnxNodeReader& node) {
  const auto read = [&](std::size_t input, const std::string& name) {
    if (node.opset() < 10) return node.integers(name, {});
    return node.has_input(input) ? builder.integers(node, input) : OnnxDims{};
  };
  return {read(1, "starts"), read(2, "ends"), read(3, "axes"), read(4, "steps")};
}

void slice(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap map = builder.complete(node, 0);
  const std::vector<Cut> cuts = slice_cuts(node, map.dims, read_slice(builder, node));
  Part part(builder.shape(map));
  FeatureMap result = map;
  for (std::size_t axis = 0; axis < cuts.size(); ++axis) {
    if (cuts[axis] == Cut{0, node.small(map.dims[axis])}) continue;
    if (cuts[axis].size == 0) node.unsupported("an empty result");
    const std::optional<Axis> box_axis = builder.box_axis(node, map, axis);
    if (!box_axis) node.unsupported("a slice of the batch");
    part.cut(*box_axis) = cuts[axis];
    result.dims[axis] = cuts[axis].size;
  }
  if (part.slice != Part(builder.shape(map)).slice) {
    result.position = builder.add(node, part.slice, {map.position});
  }
  builder.define(node.node().outputs.front(), result);
}

/// Padding of some axes, since operator set 18, as that of all.
std::vector<std::int64_t> of_all_axes(const OnnxNodeReader& node,
                                      const std::vector<std::int64_t>& pads,
                                      const std::vector<std::int64_t>& axes, std::size_t rank) {
  if (pads.size() != 2 * axes.size()) node.refuse("its pads do not suit its axes");
  std::vector<std::int64_t> all(2 * rank);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::size_t axis = node.axis(axes[i], rank);
    all[axis] = pads[i];
    all[axis + rank] = pads[i + axes.size()];
  }
  return all;
}

/// Zeros around rows and columns wait for a convolution that makes them its padding.
void pad(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap map = builder.picture(node, 0);
  std::vector<std::int64_t> pads = node.integers("pads", {});
  float value = node.number("value", 0);
  if (node.has_input(1)) pads = builder.integers(node, 1);
  if (node.has_input(2)) value = builder.scalar(node, 2);
  const std::size_t rank = map.dims.size();
  if (node.has_input(3)) pads = of_all_axes(node, pads, builder.integers(node, 3), rank);
  if (pads.size() != 2 * rank) node.refuse("its pads do not suit " + to_string(map.dims));
  const auto padding = [&](std::size_t axis) {
    if (axis >= rank) return Padding{};
    const Padding result{node.small(pads[axis]), node.small(pads[axis + rank])};
    if (result.before < 0 || result.after < 0) node.unsupported("negative padding");
    return result;
  };
  if (padding(0) != Padding{}) node.unsupported("padding of the batch");
  Pad margin{padding(2), padding(3), padding(1)};
  margin.value = value;
  const std::string mode = node.text("mode", "constant");
  if (mode == "edge") {
    margin.mode = PadMode::kEdge;
  } else if (mode == "reflect") {
    margin.mode = PadMode::kReflect;
  } else if (mode != "constant") {
    node.unsupported("mode " + mode);
  }
  const Shape& shape = builder.shape(map);
  const bool zeros = margin.mode == PadMode::kConstant && value == 0;
  FeatureMap result = map;
  if (zeros && margin.channels == Padding{} && rank == 4) {
    result.rows = margin.rows;
    result.cols = margin.cols;
    for (const Padding& axis : {margin.rows, margin.cols}) {
      if (std::max(axis.before, axis.after) > 65536) node.refuse("its padding is too large");
    }
    result.dims[2] = std::int64_t{shape.rows} + margin.rows.before + margin.rows.after;
    result.dims[3] = std::int64_t{shape.cols} + margin.cols.before + margin.cols.after;
  } else {
    result = builder.picture_of(builder.add(node, margin, {map.position}), rank);
  }
  builder.define(node.node().outputs.front(), result);
}

/// The part of an axis that is resized, as shares of its extent.
struct RegionOfInterest {
  float begin = 0;
  float end = 1;
};

/// How a node wants one axis of `size` elements resized: by a scale, or to so many.
Sampling read_sampling(const OnnxNodeReader& node, const std::string& transform, int size,
                       double scale, int outputs, const RegionOfInterest& roi) {
  const auto with = [&](float output_offset, float input_offset) {
    return Sampling{outputs, static_cast<float>(scale), output_offset, input_offset};
  };
  // An axis that keeps its extent is not resized, whatever the rounding: so does ONNX Runtime.
  if (scale == 1 && outputs == size && transform != "tf_crop_and_resize") return with(0, 0);
  if (transform == "half_pixel") return with(0.5, 0.5);
  if (transform == "pytorch_half_pixel") {
    return outputs > 1 ? with(0.5, 0.5) : Sampling{outputs, 1, 0, 0};
  }
  if (transform == "asymmetric") return with(0, 0);
  if (transform == "tf_half_pixel_for_nn") return with(0.5, 0);
  if (transform == "align_corners") {
    if (outputs == 1 || size == 1) return {outputs, 1, 0, 0};
    return {outputs, static_cast<float>(outputs - 1), 0, 0, static_cast<float>(size - 1)};
  }
  if (transform == "tf_crop_and_resize") {
    const auto last = static_cast<float>(size - 1);
    if (outputs == 1) return {1, 1, 0, -0.5F * (roi.begin + roi.end) * last};
    const float extent = (roi.end - roi.begin) * last;
    if (!(extent > 0)) node.unsupported("a region of interest that is empty or mirrored");
    return {outputs, static_cast<float>(outputs - 1), 0, -roi.begin * last, extent};
  }
  node.unsupported("coordinate_transformation_mode " + transform);
}

Interpolation read_interpolation(const OnnxNodeReader& node, const std::string& rounding) {
  const std::string mode = node.text("mode", "nearest");
  if (mode == "linear") return Interpolation::kLinear;
  if (mode != "nearest") node.unsupported("mode " + mode);
  if (rounding == "floor") return Interpolation::kNearestFloor;
  if (rounding == "ceil") return Interpolation::kNearestCeil;
  if (rounding == "round_prefer_floor") return Interpolation::kNearestHalfDown;
  if (rounding == "round_prefer_ceil") return Interpolation::kNearestHalfUp;
  node.unsupported("nearest_mode " + rounding);
}

/// The input roi holds where each axis begins, then where each ends.
RegionOfInterest read_region(const OnnxBuilder& builder, const OnnxNodeReader& node,
                             const std::string& transform, std::size_t axis) {
  if (transform != "tf_crop_and_resize") return {};
  const std::vector<float>& roi = builder.floats(node, 1);
  if (roi.size() != 8) node.refuse("its region of interest must hold 8 numbers");
  if (roi[0] != 0 || roi[1] != 0 || roi[4] != 1 || roi[5] != 1) {
    node.unsupported("cropping other axes than rows and columns");
  }
  return {roi[axis], roi[axis + 4]};
}

/// Resizes to `sizes`, or by `scales` if there are none.
void resample(OnnxBuilder& builder, const OnnxNodeReader& node, const std::vector<float>& scales,
              const std::vector<std::int64_t>& sizes, const std::string& transform,
              const std::string& rounding) {
  const FeatureMap map = builder.picture(node, 0);
  const Shape& shape = builder.shape(map);
  const std::size_t count = sizes.empty() ? scales.size() : sizes.size();
  if (map.dims.size() != 4) node.unsupported("resizing " + to_string(map.dims));
  if (count != 4) {
    node.refuse(std::to_string(count) + " scales or sizes do not suit " + to_string(map.dims));
  }
  const bool keeps_others = sizes.empty() ? scales[0] == 1 && scales[1] == 1
                                          : sizes[0] == map.dims[0] && sizes[1] == map.dims[1];
  if (!keeps_others) node.unsupported("resizing other axes than rows and columns");
  const auto sampling = [&](int size, std::size_t axis) {
    const double scale =
        sizes.empty() ? static_cast<double>(scales[axis]) : static_cast<double>(sizes[axis]) / size;
    // ONNX multiplies floats: 10 * 0.7 is 7.
    const double outputs =
        sizes.empty() ? static_cast<double>(std::floor(static_cast<float>(size) * scales[axis]))
                      : static_cast<double>(sizes[axis]);
    if (!(outputs >= 1 && outputs <= 1e6)) node.refuse("its output would be empty or too large");
    return read_sampling(node, transform, size, scale, static_cast<int>(outputs),
                         read_region(builder, node, transform, axis));
  };
  if (node.text("mode", "nearest") == "cubic") {
    const auto extent = [&](int size, std::size_t axis) {
      return CubicAxis{size, sampling(size, axis)};
    };
    const int position =
        add_cubic(builder, node, map.position, extent(shape.rows, 2), extent(shape.cols, 3));
    return builder.define(node.node().outputs.front(), builder.picture_of(position));
  }
  Resample resize{sampling(shape.rows, 2), sampling(shape.cols, 3),
                  read_interpolation(node, rounding)};
  resize.fills_outside = transform == "tf_crop_and_resize";
  resize.fill = node.number("extrapolation_value", 0);
  builder.define(node.node().outputs.front(),
                 builder.picture_of(builder.add(node, resize, {map.position})));
}

/// The specification leaves the nearest open; as ONNX's tests and ONNX Runtime have it, a place is
/// rounded down where a picture grows and up where it shrinks.
void resize_10(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const std::vector<float>& scales = builder.floats(node, 1);
  const bool shrinks = std::any_of(scales.begin(), scales.end(), [](float s) { return s < 1; });
  const bool grows = std::any_of(scales.begin(), scales.end(), [](float s) { return s > 1; });
  if (shrinks && grows)
    node.refuse("growing one axis and shrinking another is not supported before operator set 11");
  resample(builder, node, scales, {}, "asymmetric", shrinks ? "ceil" : "floor");
}

/// What a node says of the axes that its attribute names, and what holds for all others.
template <typename Number>
std::vector<Number> on_all_axes(const OnnxNodeReader& node, const std::vector<Number>& some,
                                std::vector<Number> all) {
  const std::vector<std::int64_t> axes = node.integers("axes", {});
  if (axes.size() != some.size()) node.refuse("its axes do not suit its scales or sizes");
  for (std::size_t i = 0; i < axes.size(); ++i) all[node.axis(axes[i], all.size())] = some[i];
  return all;
}

void resize(OnnxBuilder& builder, const OnnxNodeReader& node) {
  if (node.opset() < 11) return resize_10(builder, node);
  std::vector<float> scales = node.has_input(2) ? builder.floats(node, 2) : std::vector<float>{};
  std::vector<std::int64_t> sizes =
      node.has_input(3) ? builder.integers(node, 3) : std::vector<std::int64_t>{};
  if (scales.empty() == sizes.empty()) node.refuse("it needs either scales or sizes");
  if (node.has_attribute("axes")) {
    const std::vector<std::int64_t>& dims = builder.feature(node, 0).dims;
    if (sizes.empty()) {
      scales = on_all_axes(node, scales, std::vector<float>(dims.size(), 1));
    } else {
      sizes = on_all_axes(node, sizes, dims);
    }
  }
  const bool shrinks =
      std::any_of(scales.begin(), scales.end(), [](float scale) { return scale < 1; });
  const bool may_shrink = shrinks || !sizes.empty();
  if (node.flag("antialias") && may_shrink && node.text("mode", "nearest") != "nearest") {
    node.unsupported("antialias where a picture may shrink");
  }
  const std::string policy = node.text("keep_aspect_ratio_policy", "stretch");
  if (policy != "stretch" && !sizes.empty()) node.unsupported("keep_aspect_ratio_policy " + policy);
  resample(builder, node, scales, sizes, node.text("coordinate_transformation_mode", "half_pixel"),
           node.text("nearest_mode", "round_prefer_floor"));
}

/// The scales are an attribute, since opset 9 an input.
void upsample(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const std::vector<float> scales =
      node.opset() < 9 ? node.numbers("scales", {}) : builder.floats(node, 1);
  if (std::any_of(scales.begin(), scales.end(), [](float scale) { return scale < 1; })) {
    node.refuse("its scales must not be below 1");
  }
  resample(builder, node, scales, {}, "asymmetric", "floor");
}

void space_to_depth(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap map = builder.picture(node, 0);
  const int block = node.small(node.integer("blocksize", 0));
  const SpaceToDepth move{block, block};
  builder.define(node.node().outputs.front(),
                 builder.picture_of(builder.add(node, move, {map.position})));
}

void depth_to_space(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const FeatureMap map = builder.picture(node, 0);
  const std::string mode = node.text("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") node.unsupported("mode " + mode);
  const int block = node.small(node.integer("blocksize", 0));
  const DepthToSpace move{
      block, block, mode == "DCR" ? DepthOrder::kDepthColumnRow : DepthOrder::kColumnRowDepth};
  builder.define(node.node().outputs.front(),
                 builder.picture_of(builder.add(node, move, {map.position})));
}

}  // namespace

std::vector<OnnxOperator> onnx_moving_operators() {
  return {{"Concat", concat, kAnyNumber, "along channels, rows or columns"},
          {"Split", split, 2, "of channels, rows or columns"},
          {"Slice", slice, 5, "of channels, rows or columns, any steps; constant bounds"},
          {"Pad", pad, 4, "constant, edge, reflect; part of a convolution where possible"},
          {"Resize", resize, 4,
           "nearest and linear, all coordinate modes; cubic by whole numbers; constant scales or "
           "sizes"},
          {"Upsample", upsample, 2, "nearest and linear"},
          {"SpaceToDepth", space_to_depth, 1, "blocksize"},
          {"DepthToSpace", depth_to_space, 1, "blocksize, mode"}};
}

}  // namespace vpinfer
