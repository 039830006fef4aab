#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "vpinfer/base/box.hpp"

namespace vpinfer {

/// The activation functions of Darknet (src/activations.h), applied element by element.
enum class Activation {
  kLinear,
  kLogistic,
  kLoggy,
  kRelu,
  kElu,
  kSelu,
  kRelie,
  kRamp,
  kLeaky,
  kTanh,
  kPlse,
  kStair,
  kHardtan,
  kLhtan,
};

/// Darknet's name of an activation, and back; empty if there is no such activation.
[[nodiscard]] std::string_view to_string(Activation activation);
[[nodiscard]] std::optional<Activation> parse_activation(std::string_view name);

/// A sliding window along one axis: output i reads inputs [i * stride - pad_before, ... + size).
struct Window {
  int size = 1;
  int stride = 1;
  int pad_before = 0;
  int pad_after = 0;
  bool operator==(const Window&) const = default;
};

/// The picture, as it enters the network; the first layer of every network.
struct Input {
  bool operator==(const Input&) const = default;
};

/// Convolution, bias and activation.  Weights are [filters][rows][cols][input channels / groups].
struct Convolution {
  int filters = 1;
  int groups = 1;
  Window rows;
  Window cols;
  Activation activation = Activation::kLinear;
  bool operator==(const Convolution&) const = default;
};

/// The largest value of each window; positions outside the picture do not count.
struct MaxPool {
  Window rows;
  Window cols;
  bool operator==(const MaxPool&) const = default;
};

/// The inputs one after another along the channels (Darknet's route).
struct Concat {
  bool operator==(const Concat&) const = default;
};

/// Darknet's reorg: rows / stride x cols / stride x channels * stride^2.  Not space-to-depth: see
/// kernel/reorg.hpp for the order of its elements.
struct Reorg {
  int stride = 2;
  bool reverse = false;
  bool operator==(const Reorg&) const = default;
};

/// An anchor's width and height, in cells.
struct Anchor {
  float width = 0;
  float height = 0;
  bool operator==(const Anchor&) const = default;
};

/// YOLOv2's detection head.  For each anchor the channels are x, y, width, height, objectness and
/// one score per class; x, y and objectness become sigmoids, the scores a softmax (or sigmoids).
struct Region {
  int classes = 0;
  bool softmax = false;
  std::vector<Anchor> anchors;

  [[nodiscard]] int channels_per_anchor() const { return classes + 5; }
  bool operator==(const Region&) const = default;
};

using Operation = std::variant<Input, Convolution, MaxPool, Concat, Reorg, Region>;

/// One layer.  `inputs` are positions of earlier layers in Network::layers.
struct Layer {
  Operation operation;
  std::vector<int> inputs;
  Shape output;
  bool operator==(const Layer&) const = default;
};

/// The field's name of a layer's operation, for tables and messages: `convolution`, `maxpool`, ...
[[nodiscard]] std::string_view operation_name(const Operation& operation);

}  // namespace vpinfer
