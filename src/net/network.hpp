#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "net/depictions.hpp"
#include "net/layer.hpp"
#include "vpinfer/number_format.hpp"

namespace vpinfer {

/// How a picture of another size becomes the network's input.
enum class Resize {
  kLetterbox,  ///< keep the aspect ratio, fill the rest on both sides (Darknet, YOLOv5)
  kStretch,    ///< each axis on its own
  kTopLeft,    ///< keep the aspect ratio, fill the rest below or on the right (YOLOX)
};

enum class ChannelOrder { kRgb, kBgr };

/// What a resized picture has in common with the original.
enum class PixelGrid {
  kCorners,  ///< the middles of the corner pixels (Darknet)
  kCentres,  ///< the edges: pixels are areas (OpenCV, PyTorch, TensorFlow 2)
};

/// From 8-bit pixels to the network's input: (value - mean[channel]) * scale[channel], where
/// channels are counted in the network's order.  Darknet's networks expect RGB in [0, 1].
struct InputNormalisation {
  std::array<float, 3> mean{0, 0, 0};
  std::array<float, 3> scale{1.0F / 255, 1.0F / 255, 1.0F / 255};
  ChannelOrder order = ChannelOrder::kRgb;
  Resize resize = Resize::kLetterbox;
  PixelGrid grid = PixelGrid::kCorners;
  float fill = 127.5F;  ///< an 8-bit value, of what the picture leaves free
  bool operator==(const InputNormalisation&) const = default;
};

/// A tensor that a network gives, under the name that the imported file has for it.
struct NetworkOutput {
  int position = 0;  ///< of the layer; each at most once
  std::string name;
  bool operator==(const NetworkOutput&) const = default;
};

/// A convolutional network as data: layers in an order in which each follows its inputs.
/// layers[0] is the Input.  People count layers as Darknet does, from the first one after the
/// input; `number` and `position` translate.
struct Network {
  std::string name;
  std::string origin;  ///< what it was imported from, for reports: `yolov2.cfg, random weights 7`
  std::vector<Layer> layers;
  std::vector<NetworkOutput> outputs;  ///< empty: the last layer's
  InputNormalisation normalisation;
  NumberFormat precision = NumberFormat::kFloat;  ///< of the weights, in a file and in memory as
                                                  ///< far as kernels can; biases are floats
  std::vector<std::string> labels;                ///< a name per class, or empty
  std::optional<float> threshold;       ///< the least score of a detection that suits its training
  std::vector<Depiction> depictions{};  ///< what outputs show that are neither boxes nor classes

  [[nodiscard]] const Shape& input_shape() const { return layers.front().output; }
  /// The shape of input `index` of layer `position`.
  [[nodiscard]] const Shape& input_shape(int position, std::size_t index) const;
  [[nodiscard]] int size() const { return static_cast<int>(layers.size()); }
  [[nodiscard]] const Layer& layer(int position) const {
    return layers[static_cast<std::size_t>(position)];
  }

  /// Darknet's number of the layer at a position, and back.
  static int number(int position) { return position - 1; }
  static int position(int number) { return number + 1; }
  /// For messages: `layer 7` by that number, or `the input`.
  static std::string label(int position);

  bool operator==(const Network&) const = default;
};

/// Begins a network: its input becomes the first layer.  Throws BadInput, beginning with `where`,
/// if the shape is empty or too large.
void add_input(Network& network, const Shape& shape, const std::string& where);

/// Appends a layer and infers its output shape.  Throws BadInput if the operation does not fit its
/// inputs; `where` begins the message, for example `yolov2.cfg:120 [route]`.
/// Returns the layer's position.
int add_layer(Network& network, Operation operation, std::vector<int> inputs,
              const std::string& where, std::string name = "");

/// Declares a layer's output as one of the network's.  Throws BadInput if it is one already.
void add_output(Network& network, int position, std::string name, const std::string& where);

/// Says what an output shows.  Throws BadInput if it is no output or the depiction does not fit it.
void add_depiction(Network& network, const Depiction& depiction, const std::string& where);

/// A block of a layer's weights: of some filters, those of some input channels (of one group).
struct WeightRange {
  Interval filters;
  Interval channels;

  /// Neither weights nor biases.
  [[nodiscard]] bool empty() const { return filters.empty(); }
  [[nodiscard]] bool contains(const WeightRange& inner) const {
    return filters.contains(inner.filters) && channels.contains(inner.channels);
  }
  bool operator==(const WeightRange&) const = default;
};

/// The extent of a layer's weights: [filters][rows][cols][channels], for a convolution with the
/// channels of one group.  A layer's filters are its output's channels.
struct WeightShape {
  int filters = 0;
  int rows = 0;
  int cols = 0;
  int channels = 0;

  [[nodiscard]] std::size_t elements_per_filter() const {
    return static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols) *
           static_cast<std::size_t>(channels);
  }
  [[nodiscard]] std::size_t elements() const {
    return static_cast<std::size_t>(filters) * elements_per_filter();
  }
  /// Of the weights and the biases.
  [[nodiscard]] std::size_t numbers() const {
    return elements() + static_cast<std::size_t>(filters);
  }
  /// All of them.
  [[nodiscard]] WeightRange range() const { return {{0, filters}, {0, channels}}; }
  /// The extent of a part of them.
  [[nodiscard]] WeightShape of(const WeightRange& part) const {
    return {part.filters.size(), rows, cols, part.channels.size()};
  }
  bool operator==(const WeightShape&) const = default;
};

/// A layer's trained numbers: weights as in WeightShape and one bias per filter.
struct LayerWeights {
  std::vector<float> weights;
  std::vector<float> biases;
};

/// The weights of a layer; all zero for a layer that has none.  A layer with weights has one bias
/// per filter too.
[[nodiscard]] WeightShape weight_shape(const Network& network, int position);

/// Multiplications and additions with weights to compute `box` of the layer's output (a
/// multiply-add is two).
[[nodiscard]] double flop(const Network& network, int position, const Box& box);

/// Positions whose tensors are the network's result: its outputs, every head and what feeds one,
/// in increasing order.
[[nodiscard]] std::vector<int> result_layers(const Network& network);

/// Round trip through JSON text: what a model file and a broadcast carry.
[[nodiscard]] std::string to_json(const Network& network);
/// Throws BadInput, beginning with `where`, if the text is not a network of a known schema or its
/// shapes do not follow from its operations.
[[nodiscard]] Network network_from_json(const std::string& text, const std::string& where);

}  // namespace vpinfer
