#include "import/depiction_recognition.hpp"

#include <algorithm>
#include <array>

#include "import/known_labels.hpp"
#include "import/onnx_makers.hpp"
#include "import/probabilities.hpp"
#include "tensor/node_reader.hpp"

namespace vpinfer {
namespace {

/// What changes neither the elements of a map nor their order.
bool passes_on(const OnnxNode& node) {
  constexpr std::array<std::string_view, 5> kNames{"Identity", "Cast", "Squeeze", "Unsqueeze",
                                                   "Reshape"};
  return std::find(kNames.begin(), kNames.end(), node.op) != kNames.end();
}

/// The classes that an ArgMax chooses from for each pixel, if the value ends with one.
std::optional<int> argmax_classes(const OnnxGraph& graph, const OnnxModel& model,
                                  const OnnxResult& result, const Shape& map) {
  const OnnxMakers makers(graph);
  const OnnxNode* node = makers.of(result.name);
  while (node != nullptr && passes_on(*node)) node = makers.of(node->inputs.front());
  if (node == nullptr || node->op != "ArgMax") return std::nullopt;
  const auto scores = model.extents.find(node->inputs.front());
  if (scores == model.extents.end() || scores->second.size() != 4) return std::nullopt;
  const OnnxDims& dims = scores->second;
  const OnnxNodeReader reader(*node, "", graph.opset);
  const std::size_t axis = reader.axis(reader.integer("axis", 0), dims.size());
  const std::size_t rows = axis == 1 ? 2 : 1;
  const bool is_map = (axis == 1 || axis == 3) && dims[0] == 1 && dims[rows] == map.rows &&
                      dims[rows + 1] == map.cols;
  return is_map && dims[axis] >= 2 && dims[axis] <= kMostMapClasses
             ? std::optional(static_cast<int>(dims[axis]))
             : std::nullopt;
}

/// A result as rows x cols x channels; nothing if it is no map.
std::optional<Shape> map_of(const OnnxModel& model, const OnnxResult& result) {
  const Shape& box = model.network.layer(result.position).output;
  const OnnxDims& dims = result.form.dims;
  if (dims.size() < 3 || dims.front() != 1) return std::nullopt;
  const auto extent = [&](std::size_t axis) { return static_cast<int>(dims[axis]); };
  if (dims.size() == 4) {
    const bool first = dims == OnnxDims{1, box.channels, box.rows, box.cols};
    const bool last = dims == OnnxDims{1, box.rows, box.cols, box.channels};
    return first || last ? std::optional(box) : std::nullopt;
  }
  const bool in_order = box.channels == 1 || box.cols == 1;
  return dims.size() == 3 && in_order ? std::optional(Shape{extent(1), extent(2), 1})
                                      : std::nullopt;
}

bool has_classes_of(int classes) {
  return !known_map_labels(classes).empty();
}

/// Whether class 0 is usually that of nothing.
bool has_background(int classes) {
  const std::vector<std::string> labels = known_map_labels(classes);
  return classes == 2 || (!labels.empty() && labels.front() == "background");
}

/// How many times as large as the input a map is along both axes; 0 if it is no multiple.
int multiple_of(const Shape& map, const Shape& input) {
  const int times = map.rows / input.rows;
  return times * input.rows == map.rows && times * input.cols == map.cols ? times : 0;
}

/// Whether a map lies over the input, of so many pixels each.
bool has_aspect_of(const Shape& input, const Shape& map) {
  return std::int64_t{map.rows} * input.cols == std::int64_t{map.cols} * input.rows;
}

/// From what a layer's activation can give.
PixelScale scale_of(const Operation& operation, PixelScale otherwise) {
  if (gives_probabilities(operation)) return PixelScale::kUnit;
  const Activation* activation = activation_of(operation);
  if (activation == nullptr) return otherwise;
  if (activation->function == Activation::kTanh) return PixelScale::kSigned;
  const bool is_byte = activation->function == Activation::kClip && activation->alpha == 0 &&
                       activation->beta == 255;
  return is_byte ? PixelScale::kBytes : otherwise;
}

std::optional<ClassMap> class_map(const Operation& last, const Shape& map, const Shape& input) {
  const auto* softmax = std::get_if<Softmax>(&last);
  const bool shares = softmax != nullptr && softmax->groups == 1 && !softmax->over_rows &&
                      !softmax->over_cols && map.channels > 1 &&
                      (multiple_of(map, input) == 1 || has_classes_of(map.channels));
  const bool enlarged_scores = std::holds_alternative<Resample>(last) &&
                               multiple_of(map, input) == 1 && has_classes_of(map.channels);
  if ((!shares && !enlarged_scores) || map.channels > kMostMapClasses) return std::nullopt;
  return ClassMap{map.channels, false, has_background(map.channels)};
}

std::optional<DrawnPicture> drawn_picture(const Operation& last, const Shape& map,
                                          const Shape& input, bool is_only) {
  const int times = multiple_of(map, input);
  const bool is_resized = std::holds_alternative<Resample>(last);
  if (map.channels == 3 && input.channels == 3 && times >= 1 && !is_resized && is_only) {
    return DrawnPicture{scale_of(last, PixelScale::kInput), true};
  }
  if (map.channels != 1) return std::nullopt;
  if (input.channels == 1 && times >= 2) {
    return DrawnPicture{scale_of(last, PixelScale::kInput), true, true};
  }
  if (input.channels == 3 && times == 1) {
    return DrawnPicture{scale_of(last, PixelScale::kStretched)};
  }
  return std::nullopt;
}

/// Whether pixels lie over the input, not in a row or a column.
bool lies_over(const Shape& input, const Shape& map) {
  return map.rows >= 2 && map.cols >= 2 && has_aspect_of(input, map);
}

}  // namespace

std::optional<Depiction> recognise_prototypes(const OnnxModel& model, int coefficients) {
  std::optional<Depiction> found;
  for (const OnnxResult& result : model.results) {
    const std::optional<Shape> map = map_of(model, result);
    const bool fits = map && map->channels == coefficients && result.form.is_float &&
                      lies_over(model.network.input_shape(), *map);
    if (!fits) continue;
    if (found) return std::nullopt;
    found = Depiction{result.position, *map, MaskPrototypes{}};
  }
  return found;
}

std::optional<Depiction> recognise_depiction(const OnnxGraph& graph, const OnnxModel& model) {
  const OnnxResult& result = model.results.front();
  const Shape& input = model.network.input_shape();
  const std::optional<Shape> map = map_of(model, result);
  if (!map || !lies_over(input, *map)) return std::nullopt;
  if (map->channels == 1) {
    if (const auto classes = argmax_classes(graph, model, result, *map)) {
      return Depiction{result.position, *map, ClassMap{*classes, true, has_background(*classes)}};
    }
  }
  if (!result.form.is_float) return std::nullopt;
  const Operation& last = model.network.layer(result.position).operation;
  if (const auto classes = class_map(last, *map, input)) {
    return Depiction{result.position, *map, *classes};
  }
  if (const auto picture = drawn_picture(last, *map, input, model.results.size() == 1)) {
    return Depiction{result.position, *map, *picture};
  }
  return std::nullopt;
}

}  // namespace vpinfer
