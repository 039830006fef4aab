#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "net/activation.hpp"
#include "net/candidates.hpp"
#include "net/island.hpp"
#include "net/mapping.hpp"
#include "vpinfer/box.hpp"

namespace vpinfer {

/// The picture, as it enters the network; the first layer of every network.
struct Input {
  bool operator==(const Input&) const = default;
};

/// A trained tensor that is the same for every picture.  Weights are [channels][rows][cols].
struct Constant {
  Shape shape;
  bool operator==(const Constant&) const = default;
};

/// Convolution, bias and activation.  Weights are [filters][rows][cols][input channels / groups].
/// With windows as large as the input it is a fully connected layer (Darknet's connected).
struct Convolution {
  int filters = 1;
  int groups = 1;
  Window rows;
  Window cols;
  Activation activation = Activation::kLinear;

  /// Of the window.
  [[nodiscard]] int taps() const { return rows.size * cols.size; }
  bool operator==(const Convolution&) const = default;
};

/// A convolution with weights and a bias of its own at every output pixel (Darknet's local).
/// Weights are [filters][output pixels][window rows x window cols x input channels, then the bias].
struct LocallyConnected {
  int filters = 1;
  Window rows;
  Window cols;
  Activation activation = Activation::kLinear;
  bool operator==(const LocallyConnected&) const = default;
};

/// The largest value of each window; positions outside the picture do not count.
struct MaxPool {
  Window rows;
  Window cols;
  bool operator==(const MaxPool&) const = default;
};

/// The mean of each window.
struct AveragePool {
  Window rows;
  Window cols;
  bool counts_padding = false;  ///< whether padding counts, as zeros; an overhang never does
  bool operator==(const AveragePool&) const = default;
};

enum class Arithmetic { kAdd, kSubtract, kMultiply, kDivide, kMaximum, kMinimum };

/// Two inputs, combined element by element.  Along an axis on which one of them has extent 1 it is
/// repeated.
struct Elementwise {
  Arithmetic function = Arithmetic::kAdd;
  Activation activation = Activation::kLinear;
  bool operator==(const Elementwise&) const = default;
};

/// Darknet's shortcut: the first input, of which those elements that meet one of the second input
/// become alpha * first + beta * second, activated.  The second input is subsampled where it is
/// larger, meets only every so many pixels where it is smaller, and as many channels as it has.
struct Shortcut {
  float alpha = 1;
  float beta = 1;
  Activation activation = Activation::kLinear;
  bool operator==(const Shortcut&) const = default;
};

/// The sum of inputs of the same rows and columns (the shortcut of Darknet's forks).  The first one
/// gives the number of channels; of the others, those that it has too are added.
struct Sum {
  bool weighted = false;  ///< whether each input is scaled: weights are [channels][inputs]
  Activation activation = Activation::kLinear;
  bool operator==(const Sum&) const = default;
};

/// An activation that could not be made part of the layer before it.
struct Activate {
  Activation activation;
  bool operator==(const Activate&) const = default;
};

/// A leaky rectifier with a trained slope per channel: weights are [channels].
struct PRelu {
  bool operator==(const PRelu&) const = default;
};

/// The exponentials of `temperature`-scaled values, normalised to a sum of 1 within each group.
struct Softmax {
  int groups = 1;         ///< of as many consecutive channels each
  bool over_rows = true;  ///< whether a group spans all rows, or each is normalised on its own
  bool over_cols = true;  ///< the same for columns
  float temperature = 1;
  std::vector<int>
      tree{};  ///< if not empty, groups are the siblings: the parent of each class, or -1
  bool operator==(const Softmax&) const = default;
};

/// Where the channels of attention's heads stand in an input: those of head h, `size` of them,
/// begin at begin + h * stride.
struct HeadChannels {
  int begin = 0;
  int stride = 0;
  int size = 1;

  /// The channels of some consecutive heads, and what lies between them.
  [[nodiscard]] Interval of(Interval heads) const {
    return {begin + heads.begin * stride, begin + (heads.end - 1) * stride + size};
  }
  bool operator==(const HeadChannels&) const = default;
};

/// Scaled dot-product attention by heads (Vaswani et al., 2017) of three inputs, each pixel of
/// which is a position: softmax(scale * queries * keys^T) * values for each head.  The output has
/// the queries' pixels; its channels are the first head's values, then the second's.
struct Attention {
  int heads = 1;
  float scale = 1;
  HeadChannels queries;
  HeadChannels keys;
  HeadChannels values;
  bool operator==(const Attention&) const = default;

  /// Those that some channels of the output belong to.
  [[nodiscard]] Interval heads_of(Interval channels) const {
    return {channels.begin / values.size, (channels.end - 1) / values.size + 1};
  }
};

/// The inputs one after another along an axis (Darknet's route: channels); with one input a copy.
struct Concat {
  Axis axis = Axis::kChannels;
  bool operator==(const Concat&) const = default;
};

/// A part of the input, perhaps subsampled or mirrored; values become value * scale + shift.
struct Slice {
  Cut rows;
  Cut cols;
  Cut channels;
  float scale = 1;
  float shift = 0;
  bool operator==(const Slice&) const = default;
};

/// The input with a margin.
struct Pad {
  Padding rows;
  Padding cols;
  Padding channels;
  PadMode mode = PadMode::kConstant;
  float value = 0;  ///< of a constant margin
  bool operator==(const Pad&) const = default;
};

/// The input at another resolution; values are multiplied by `gain`.
struct Resample {
  Sampling rows;
  Sampling cols;
  Interpolation interpolation = Interpolation::kNearestFloor;
  float gain = 1;
  bool fills_outside = false;  ///< whether what lies beyond the input is `fill`, or its edge
  float fill = 0;
  bool operator==(const Resample&) const = default;
};

/// All elements as the channels of one pixel, in the order channels, rows, columns, followed by
/// `extra` zeros.
struct Flatten {
  int extra = 0;
  bool operator==(const Flatten&) const = default;
};

/// Darknet's reorg: rows / stride x cols / stride x channels * stride^2.  Not space-to-depth: see
/// kernel/reorg.hpp for the order of its elements.
struct Reorg {
  int stride = 2;
  bool reverse = false;
  bool operator==(const Reorg&) const = default;
};

/// Blocks of rows x cols pixels become channels: the channels of a block's first pixel, then those
/// of the next, row by row.
struct SpaceToDepth {
  int rows = 2;
  int cols = 2;
  bool operator==(const SpaceToDepth&) const = default;
};

/// In which order channels hold the pixels of a block.
enum class DepthOrder {
  kDepthColumnRow,  ///< all channels of one pixel, then those of the next
  kColumnRowDepth,  ///< all pixels of one channel, then those of the next
};

/// The inverse of SpaceToDepth.
struct DepthToSpace {
  int rows = 2;
  int cols = 2;
  DepthOrder order = DepthOrder::kDepthColumnRow;
  bool operator==(const DepthToSpace&) const = default;
};

/// The channels as a matrix of groups x members, transposed: the first of each group, then the
/// second of each (ShuffleNet, Zhang et al., 2017).
struct ShuffleChannels {
  int groups = 2;
  bool operator==(const ShuffleChannels&) const = default;
};

/// What the values of an anchor mean, and what is done to them; box_places() says where they stand.
enum class BoxCoding {
  kExponential,  ///< x, y, log width, log height, objectness, scores (YOLOv2 to v4): x, y and
                 ///< objectness become sigmoids, the scores a softmax or sigmoids
  kSquare,       ///< the same places, but sigmoids all and half the root of width and height
                 ///< (scaled YOLOv4, new_coords): they stay as they are
  kGaussian,     ///< as kExponential, but each of the first four is followed by the logit of its
                 ///< uncertainty (Gaussian YOLOv3, Choi et al., 2019)
};

/// Where an anchor's values stand; the scores follow the objectness.
struct BoxPlaces {
  int x = 0;
  int y = 1;
  int width = 2;
  int height = 3;
  int objectness = 4;
  bool uncertain = false;  ///< whether an uncertainty stands behind each of x, y, width and height
};

[[nodiscard]] constexpr BoxPlaces box_places(BoxCoding coding) {
  return coding == BoxCoding::kGaussian ? BoxPlaces{0, 2, 4, 6, 8, true} : BoxPlaces{};
}

/// Which point of a box its x and y give.
enum class BoxPoint { kCentre, kTopLeft, kBottomRight };

/// The detection head of YOLOv2 and later.  Channels are those of each anchor, in the order that
/// its coding says.
struct Region {
  int classes = 0;
  bool softmax = false;
  std::vector<Anchor> anchors;
  std::vector<int> tree{};  ///< if not empty, a softmax per group of siblings: each class's parent,
                            ///< or -1
  std::vector<int> map{};   ///< if not empty, the classes of the tree to report, in their order
  BoxCoding coding = BoxCoding::kExponential;
  float stretch = 1;  ///< of x and y about the middle of their cell (scale_x_y)
  BoxPoint point = BoxPoint::kCentre;
  std::optional<float> distance_exponent{};  ///< of the suppression of boxes by their distance, too

  [[nodiscard]] int channels_per_anchor() const {
    return box_places(coding).objectness + 1 + classes;
  }
  bool operator==(const Region&) const = default;
};

/// YOLOv1's detection head on a flat input: class scores of all cells, then the objectness of all
/// boxes, then their x, y, width and height.
struct GridHead {
  int side = 7;
  int boxes = 2;  ///< per cell
  int classes = 20;
  bool softmax = false;      ///< of a cell's class scores
  bool square_root = false;  ///< width and height are given as their square roots

  [[nodiscard]] int cells() const { return side * side; }
  bool operator==(const GridHead&) const = default;
};

/// One scale of NanoDet's head (Generalized Focal Loss, Li et al., 2020): a sigmoid score per
/// class, then, for each side of the box, a distribution over `bins` distances from the cell's
/// centre.
struct NanoDet {
  int classes = 80;
  int bins = 8;
  int stride = 8;  ///< pixels of the network's input per cell

  [[nodiscard]] int channels() const { return classes + 4 * bins; }
  bool operator==(const NanoDet&) const = default;
};

using Operation =
    std::variant<Input, Constant, Convolution, LocallyConnected, MaxPool, AveragePool, Elementwise,
                 Shortcut, Sum, Activate, PRelu, Softmax, Attention, Concat, Slice, Pad, Resample,
                 Flatten, Reorg, SpaceToDepth, DepthToSpace, ShuffleChannels, Island, Region,
                 GridHead, NanoDet, Candidates>;

/// One layer.  `inputs` are positions of earlier layers in Network::layers.
struct Layer {
  Operation operation;
  std::vector<int> inputs;
  Shape output;
  std::string name{};  ///< what the imported file calls it; may be empty
  bool operator==(const Layer&) const = default;
};

/// The field's name of a layer's operation, for tables and messages: `convolution`, `maxpool`, ...
[[nodiscard]] std::string_view operation_name(const Operation& operation);

/// Which of so many input channels an output channel of a shuffle is.
[[nodiscard]] constexpr int shuffled_from(const ShuffleChannels& shuffle, int output,
                                          int channels) {
  return output % shuffle.groups * (channels / shuffle.groups) + output / shuffle.groups;
}

/// Whether a layer ends a detector: what it gives is decoded into boxes on rank 0.
[[nodiscard]] bool is_head(const Operation& operation);

/// Whether an operation sums over all input channels, so that parts of the sums can be added up.
[[nodiscard]] bool has_divisible_sums(const Operation& operation);

/// The activation that an operation ends with; null if it has none.
[[nodiscard]] Activation* activation_of(Operation& operation);
[[nodiscard]] const Activation* activation_of(const Operation& operation);

/// The classes of a tree in groups of siblings: runs of the same parent.
[[nodiscard]] std::vector<Interval> sibling_groups(const std::vector<int>& parents);

/// The groups of channels that a softmax normalises on their own.
[[nodiscard]] std::vector<Interval> softmax_groups(const Softmax& softmax, int channels);

}  // namespace vpinfer
