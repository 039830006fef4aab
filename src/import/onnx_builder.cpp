#include "import/onnx_builder.hpp"

#include <algorithm>

#include "import/onnx_runs.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

/// Whether the number of axes and each known extent agree.
bool agree(const std::vector<std::int64_t>& declared, const std::vector<std::int64_t>& dims) {
  return std::equal(declared.begin(), declared.end(), dims.begin(), dims.end(),
                    [](std::int64_t a, std::int64_t b) { return a < 0 || a == b; });
}

float at(const std::vector<float>& values, std::size_t index) {
  return values.size() == 1 ? values.front() : values[index];
}

}  // namespace

void OnnxBuilder::check_declared(const std::string& name, const OnnxValue& value) const {
  const auto declared = declared_.find(name);
  if (declared == declared_.end()) return;
  const auto* constant = std::get_if<OnnxConstant>(&value);
  const std::vector<std::int64_t>& dims =
      constant != nullptr ? (*constant)->dims : std::get<FeatureMap>(value).dims;
  if (agree(declared->second, dims)) return;
  throw BadInput(file_ + ": says that '" + name + "' is " + to_string(declared->second) +
                 ", but it is " + to_string(dims) + "; the file is damaged");
}

void OnnxBuilder::define(const std::string& name, OnnxValue value) {
  check_declared(name, value);
  if (const auto* map = std::get_if<FeatureMap>(&value)) readers_[map->position] += uses_[name];
  if (!values_.emplace(name, std::move(value)).second) {
    throw BadInput(file_ + ": '" + name + "' is made twice; the file is damaged");
  }
}

const OnnxValue* OnnxBuilder::find(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second;
}

const OnnxValue& OnnxBuilder::value(const OnnxNodeReader& node, std::size_t input) const {
  const std::string& name = node.input(input);
  const OnnxValue* found = find(name);
  if (found == nullptr) {
    node.refuse("reads '" + name + "', which no node before it makes; the file is damaged");
  }
  return *found;
}

const OnnxTensor& OnnxBuilder::constant(const OnnxNodeReader& node, std::size_t input) const {
  const auto* constant = std::get_if<OnnxConstant>(&value(node, input));
  if (constant == nullptr) {
    node.unsupported("an input '" + node.input(input) +
                     "' that depends on the picture, where a constant is expected,");
  }
  return **constant;
}

const std::vector<float>& OnnxBuilder::floats(const OnnxNodeReader& node, std::size_t input) const {
  const OnnxTensor& tensor = constant(node, input);
  if (!tensor.is_float()) node.refuse("'" + node.input(input) + "' must hold floats");
  return tensor.floats();
}

const std::vector<std::int64_t>& OnnxBuilder::integers(const OnnxNodeReader& node,
                                                       std::size_t input) const {
  const OnnxTensor& tensor = constant(node, input);
  if (tensor.is_float()) node.refuse("'" + node.input(input) + "' must hold integers");
  return tensor.integers();
}

float OnnxBuilder::scalar(const OnnxNodeReader& node, std::size_t input) const {
  const std::vector<float>& values = floats(node, input);
  if (values.size() != 1) node.refuse("'" + node.input(input) + "' must hold one number");
  return node.finite(values.front());
}

const std::vector<float>& OnnxBuilder::vector(const OnnxNodeReader& node, std::size_t input,
                                              int count) const {
  const std::vector<float>& values = floats(node, input);
  if (constant(node, input).dims != std::vector<std::int64_t>{count}) {
    node.refuse("'" + node.input(input) + "' must hold " + std::to_string(count) +
                " numbers, not " + to_string(constant(node, input).dims));
  }
  return values;
}

FeatureMap OnnxBuilder::picture_layer(const OnnxNodeReader& node, const OnnxTensor& tensor,
                                      std::size_t rank) {
  if (!tensor.is_float()) node.unsupported("a constant of integers beside the picture");
  std::vector<std::int64_t> dims = tensor.dims;
  while (dims.size() < rank) dims.insert(dims.begin(), 1);
  if (dims.size() > rank || (rank != 2 && rank != 4)) {
    node.unsupported("a constant of " + to_string(tensor.dims) + " beside a tensor of " +
                     std::to_string(rank) + " axes");
  }
  if (dims[0] != 1) node.unsupported("a constant for several pictures");
  Shape shape{1, 1, node.small(dims[1])};
  if (rank == 4) shape = {node.small(dims[2]), node.small(dims[3]), node.small(dims[1])};
  const int position = add(node, Constant{shape}, {});
  weights()[position] = {tensor.floats(),
                         std::vector<float>(static_cast<std::size_t>(shape.channels))};
  return picture_of(position, rank);
}

/// A constant among the inputs has as many axes as its neighbour, counted from the last one.
std::size_t OnnxBuilder::common_rank(const OnnxNodeReader& node) const {
  for (std::size_t i = 0; i < node.node().inputs.size(); ++i) {
    if (!node.has_input(i)) continue;
    if (const auto* map = std::get_if<FeatureMap>(&value(node, i))) return map->dims.size();
  }
  return 4;
}

FeatureMap OnnxBuilder::feature(const OnnxNodeReader& node, std::size_t input) {
  const OnnxValue& found = value(node, input);
  if (const auto* constant = std::get_if<OnnxConstant>(&found)) {
    return picture_layer(node, **constant, common_rank(node));
  }
  return std::get<FeatureMap>(found);
}

FeatureMap OnnxBuilder::with_margin(const FeatureMap& map, const std::string& where) {
  if (!map.has_margin()) return map;
  FeatureMap padded = map;
  padded.position =
      add_layer(network(), Pad{map.rows, map.cols, {}}, {map.position}, where, "margin");
  padded.rows = padded.cols = {};
  return padded;
}

FeatureMap OnnxBuilder::complete(const OnnxNodeReader& node, std::size_t input) {
  return with_margin(feature(node, input), node.where());
}

FeatureMap OnnxBuilder::picture(const OnnxNodeReader& node, std::size_t input) {
  return as_picture(node, complete(node, input), input);
}

FeatureMap OnnxBuilder::as_picture(const OnnxNodeReader& node, FeatureMap map, std::size_t input) {
  const Shape& box = shape(map);
  if (same_order(map, kChannelsFirst)) {
    map.order = kChannelsFirst;  // extents of 1 may grow
    if (map.dims == std::vector<std::int64_t>{batch_, box.channels, box.rows, box.cols}) return map;
    if (box.cols == 1 && map.dims == std::vector<std::int64_t>{batch_, box.channels, box.rows}) {
      return map;
    }
    const auto elements = static_cast<std::int64_t>(box.elements());
    if (map.dims == std::vector<std::int64_t>{batch_, elements}) {
      if (box.rows * box.cols == 1) return map;
      return picture_of(add(node, Flatten{}, {map.position}), 2);
    }
  }
  const bool is_picture = map.dims.size() == 4 || map.dims.size() == 2;
  if (is_picture && batch_ == 1 && map.dims.front() == 1) return laid_out(node, map);
  node.unsupported("an input '" + node.input(input) + "' of " + to_string(map.dims) +
                   " that was reshaped or transposed from " + to_string(box) +
                   " (rows x cols x channels) and is no picture (NCHW) any more");
}

int OnnxBuilder::add(const OnnxNodeReader& node, Operation operation, std::vector<int> inputs) {
  const std::string name = node.node().outputs.empty() ? "" : node.node().outputs.front();
  return add_layer(network(), std::move(operation), std::move(inputs), node.where(), name);
}

FeatureMap OnnxBuilder::picture_of(int position, std::size_t rank) const {
  const Shape& box = model_.network.layer(position).output;
  if (rank == 2) return {position, {batch_, box.channels}};
  if (rank == 3) return {position, {batch_, box.channels, box.rows}};
  return {position, {batch_, box.channels, box.rows, box.cols}};
}

bool OnnxBuilder::only_reader(const FeatureMap& map) const {
  const auto readers = readers_.find(map.position);
  if (readers == readers_.end() || readers->second != 1 || map.has_margin()) return false;
  const std::vector<Layer>& layers = model_.network.layers;
  return std::none_of(layers.begin() + map.position, layers.end(), [&](const Layer& layer) {
    return std::count(layer.inputs.begin(), layer.inputs.end(), map.position) > 0;
  });
}

bool OnnxBuilder::is_read_up(int position) const {
  const auto readers = readers_.find(position);
  return readers == readers_.end() || readers->second == 0;
}

void OnnxBuilder::drop_last(int position) {
  if (position != network().size() - 1) throw Bug("only the newest layer can be dropped");
  network().layers.pop_back();
  readers_.erase(position);
  std::erase_if(values_, [&](const auto& entry) {
    const auto* map = std::get_if<FeatureMap>(&entry.second);
    return map != nullptr && map->position == position;
  });
}

bool OnnxBuilder::is_unflattened(const FeatureMap& map) const {
  if (map.dims.size() != 4 || map.dims[0] != batch_) return false;
  for (std::size_t i = 0; i < 3; ++i) {
    if (map.dims[i + 1] != extent(map, map.order[i])) return false;
  }
  return true;
}

std::optional<Axis> OnnxBuilder::box_axis(const OnnxNodeReader& node, const FeatureMap& map,
                                          std::size_t axis) const {
  if (axis == 0) return std::nullopt;
  if (is_unflattened(map)) return map.order[axis - 1];
  if (map.dims == std::vector<std::int64_t>{batch_, shape(map).channels}) return Axis::kChannels;
  const auto runs = runs_of(*this, map);
  if (runs && (*runs)[axis].size() == 1) return (*runs)[axis].front();
  node.unsupported("an axis of a tensor of " + to_string(map.dims) + " that was reshaped from " +
                   to_string(shape(map)) + " (rows x cols x channels)");
}

int OnnxBuilder::extent(const FeatureMap& map, Axis axis) const {
  const Padding margin = axis == Axis::kRows   ? map.rows
                         : axis == Axis::kCols ? map.cols
                                               : Padding{};
  return along(shape(map), axis) + margin.before + margin.after;
}

bool OnnxBuilder::same_order(const FeatureMap& map, const AxisOrder& order) const {
  const auto essential = [&](const AxisOrder& axes) {
    std::vector<Axis> list;
    for (const Axis axis : axes) {
      if (extent(map, axis) > 1) list.push_back(axis);
    }
    return list;
  };
  return essential(map.order) == essential(order);
}

FeatureMap OnnxBuilder::affine(const OnnxNodeReader& node, const FeatureMap& map,
                               const std::vector<float>& scale, const std::vector<float>& shift) {
  Layer& layer = network().layers[static_cast<std::size_t>(map.position)];
  const auto* conv = std::get_if<Convolution>(&layer.operation);
  if (conv != nullptr && conv->activation == Activation::kLinear && only_reader(map)) {
    LayerWeights& trained = weights().at(map.position);
    const std::size_t per_filter = weight_shape(network(), map.position).elements_per_filter();
    for (std::size_t i = 0; i < trained.weights.size(); ++i) {
      trained.weights[i] *= at(scale, i / per_filter);
    }
    for (std::size_t i = 0; i < trained.biases.size(); ++i) {
      trained.biases[i] = trained.biases[i] * at(scale, i) + at(shift, i);
    }
    return map;
  }
  const int channels = layer.output.channels;
  FeatureMap result = map;
  result.position = add(node, Convolution{channels, channels, {}, {}}, {map.position});
  LayerWeights& trained = weights()[result.position];
  for (std::size_t i = 0; i < static_cast<std::size_t>(channels); ++i) {
    trained.weights.push_back(at(scale, i));
    trained.biases.push_back(at(shift, i));
  }
  return result;
}

FeatureMap OnnxBuilder::activate(const OnnxNodeReader& node, const FeatureMap& map,
                                 const Activation& activation) {
  Activation* last =
      activation_of(network().layers[static_cast<std::size_t>(map.position)].operation);
  if (last != nullptr && last->function == Activation::kLinear && only_reader(map)) {
    *last = activation;
    return map;
  }
  FeatureMap result = map;
  result.position = add(node, Activate{activation}, {map.position});
  return result;
}

OnnxModel OnnxBuilder::take() {
  for (const auto& [name, value] : values_) {
    if (const auto* map = std::get_if<FeatureMap>(&value)) model_.extents[name] = map->dims;
  }
  return std::move(model_);
}

void OnnxBuilder::expect(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    ++uses_[name];
    const OnnxValue* found = find(name);
    if (found == nullptr) continue;
    if (const auto* map = std::get_if<FeatureMap>(found)) ++readers_[map->position];
  }
}

void OnnxBuilder::release(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const int left = --uses_[name];
    const OnnxValue* found = find(name);
    if (found == nullptr) continue;
    if (const auto* map = std::get_if<FeatureMap>(found)) {
      if (--readers_[map->position] <= 0) readers_.erase(map->position);
    } else if (left <= 0) {
      values_.erase(name);
    }
  }
}

}  // namespace vpinfer
