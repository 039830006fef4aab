#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "import/onnx.hpp"
#include "tensor/node_reader.hpp"

namespace vpinfer {

/// What a layer of the network computes, as ONNX sees it.  Reshaping and transposing change `dims`
/// and `order` only: the layer's box stays as it is.
struct FeatureMap {
  int position = 0;
  std::vector<std::int64_t> dims;    ///< the first one is the batch
  AxisOrder order = kChannelsFirst;  ///< of elements, flattened
  bool is_float = true;              ///< or whole numbers, which only islands read
  Padding rows{};                    ///< zeros around the box that no layer has added yet
  Padding cols{};

  [[nodiscard]] bool has_margin() const { return rows != Padding{} || cols != Padding{}; }
};

/// A constant is shared by the nodes that read it.  Those of the file belong to its graph, which
/// must outlive the builder.
using OnnxConstant = std::shared_ptr<const OnnxTensor>;
using OnnxValue = std::variant<OnnxConstant, FeatureMap>;

/// Builds a network from the nodes of a graph, value by value.
class OnnxBuilder {
 public:
  /// `uses` counts the readers of each value, `declared` has the extents that the file states.
  OnnxBuilder(std::string file, std::map<std::string, int> uses,
              std::map<std::string, std::vector<std::int64_t>> declared)
      : file_(std::move(file)), uses_(std::move(uses)), declared_(std::move(declared)) {}

  [[nodiscard]] Network& network() { return model_.network; }
  [[nodiscard]] std::map<int, LayerWeights>& weights() { return model_.weights; }
  [[nodiscard]] OnnxModel take();
  void add_result(OnnxResult result) { model_.results.push_back(std::move(result)); }
  /// How many pictures the graph was made for; vpinfer takes one at a time.
  [[nodiscard]] std::int64_t batch() const { return batch_; }
  void set_batch(std::int64_t batch) { batch_ = batch; }

  /// Gives a value its name.  Throws BadInput if the file declares other extents.
  void define(const std::string& name, OnnxValue value);
  /// Throws BadInput, in the node's name, if nobody makes the value before the node.
  [[nodiscard]] const OnnxValue& value(const OnnxNodeReader& node, std::size_t input) const;
  [[nodiscard]] const OnnxValue* find(const std::string& name) const;
  /// The constant that an input is.  Throws BadInput if it is computed from the picture.
  [[nodiscard]] const OnnxTensor& constant(const OnnxNodeReader& node, std::size_t input) const;
  [[nodiscard]] const std::vector<float>& floats(const OnnxNodeReader& node,
                                                 std::size_t input) const;
  [[nodiscard]] const std::vector<std::int64_t>& integers(const OnnxNodeReader& node,
                                                          std::size_t input) const;
  /// The only number of a constant.
  [[nodiscard]] float scalar(const OnnxNodeReader& node, std::size_t input) const;
  /// The numbers of a constant that has one axis, `count` elements long.
  [[nodiscard]] const std::vector<float>& vector(const OnnxNodeReader& node, std::size_t input,
                                                 int count) const;
  /// What an input is computed to; a constant becomes a layer.
  [[nodiscard]] FeatureMap feature(const OnnxNodeReader& node, std::size_t input);
  /// The same with its margin added.
  [[nodiscard]] FeatureMap complete(const OnnxNodeReader& node, std::size_t input);
  /// The same as NCHW or, with a box of one column, NCL or, of 1x1, NC; a flattened picture becomes
  /// a layer of its own, what was reshaped or transposed from something else an island.
  [[nodiscard]] FeatureMap picture(const OnnxNodeReader& node, std::size_t input);
  /// The same for an input that has been read, without a margin.
  [[nodiscard]] FeatureMap as_picture(const OnnxNodeReader& node, FeatureMap map,
                                      std::size_t input);

  /// Adds a node as islands, one for each output that is read.  Throws Unsupported if `evaluate`
  /// cannot compute it, or if the picture decides how large a result is.
  void add_islands(const OnnxNodeReader& node);
  /// The same elements, row-major, in a box as that of an island.
  [[nodiscard]] FeatureMap laid_out(const OnnxNodeReader& node, const FeatureMap& map);
  /// Whether a node or the graph's outputs read a value.
  [[nodiscard]] bool is_read(const std::string& name) const {
    const auto uses = uses_.find(name);
    return uses != uses_.end() && uses->second > 0;
  }

  /// What there is before a node is translated, to go back to if it cannot be.
  struct Checkpoint {
    int layers = 0;
    std::map<int, int> readers;
  };
  [[nodiscard]] Checkpoint checkpoint();
  /// Takes back the layers and values of a node.
  void go_back(const Checkpoint& checkpoint, const OnnxNode& node);

  /// Adds the zeros around a box as a layer.
  [[nodiscard]] FeatureMap with_margin(const FeatureMap& map, const std::string& where);

  /// Appends a layer in the node's name.
  int add(const OnnxNodeReader& node, Operation operation, std::vector<int> inputs);
  [[nodiscard]] const Shape& shape(const FeatureMap& map) const {
    return model_.network.layer(map.position).output;
  }
  /// A layer's output as NCHW, or of other ranks NCL, of one column, or NC.
  [[nodiscard]] FeatureMap picture_of(int position, std::size_t rank = 4) const;
  /// Whether the node that reads the layer's output is the only one: no layer reads it yet, and no
  /// node after this one will.
  [[nodiscard]] bool only_reader(const FeatureMap& map) const;
  /// Whether no node will read the layer's output any more.
  [[nodiscard]] bool is_read_up(int position) const;
  /// Takes back the newest layer, which nobody reads any more.
  void drop_last(int position);

  /// Whether the axes of a tensor behind the batch are the three of its box.
  [[nodiscard]] bool is_unflattened(const FeatureMap& map) const;
  /// Which axis of the box an axis of ONNX's tensor is; empty for the batch.  Throws BadInput, in
  /// the node's name, if the tensor was reshaped.
  [[nodiscard]] std::optional<Axis> box_axis(const OnnxNodeReader& node, const FeatureMap& map,
                                             std::size_t axis) const;
  [[nodiscard]] int extent(const FeatureMap& map, Axis axis) const;
  /// Whether ONNX sees the elements of a box in this order; axes of extent 1 do not matter.
  [[nodiscard]] bool same_order(const FeatureMap& map, const AxisOrder& order) const;

  /// scale * x + shift, per channel or, with one number each, for all: part of the convolution that
  /// computes x, or else a layer.
  [[nodiscard]] FeatureMap affine(const OnnxNodeReader& node, const FeatureMap& map,
                                  const std::vector<float>& scale, const std::vector<float>& shift);
  /// An activation: part of the layer that computes x, or else a layer.
  [[nodiscard]] FeatureMap activate(const OnnxNodeReader& node, const FeatureMap& map,
                                    const Activation& activation);

  /// These values will be read, once for each time that they are named, on top of what is known.
  void expect(const std::vector<std::string>& names);
  /// They have been read.  Constants that nobody reads any more are forgotten.
  void release(const std::vector<std::string>& names);
  /// A constant as a layer that any node can read.
  [[nodiscard]] FeatureMap layer_of(const OnnxNodeReader& node, const OnnxTensor& tensor);

 private:
  [[nodiscard]] IslandArgument argument(const OnnxNodeReader& node, std::size_t input,
                                        std::vector<int>& layers);
  [[nodiscard]] FeatureMap picture_layer(const OnnxNodeReader& node, const OnnxTensor& tensor,
                                         std::size_t rank);
  [[nodiscard]] std::size_t common_rank(const OnnxNodeReader& node) const;
  void check_declared(const std::string& name, const OnnxValue& value) const;

  std::string file_;
  OnnxModel model_;
  std::map<std::string, OnnxValue> values_;
  std::map<std::string, int> uses_;
  std::map<std::string, std::vector<std::int64_t>> declared_;
  std::map<int, int> readers_;  // of a layer's output that are still to come, by position
  std::int64_t batch_ = 1;
};

/// A translation of one operator: reads the node's inputs from the builder and defines its outputs.
struct OnnxOperator {
  std::string_view name;
  void (*translate)(OnnxBuilder&, const OnnxNodeReader&);
  std::size_t most_inputs;
  std::string_view help;
};

/// For operators that take as many inputs as they are given.
inline constexpr std::size_t kAnyNumber = 1000000;

// The operators, by what they do.
[[nodiscard]] std::vector<OnnxOperator> onnx_weighted_operators();
[[nodiscard]] std::vector<OnnxOperator> onnx_pooling_operators();
[[nodiscard]] std::vector<OnnxOperator> onnx_reducing_operators();
[[nodiscard]] std::vector<OnnxOperator> onnx_normalising_operators();
[[nodiscard]] std::vector<OnnxOperator> onnx_elementwise_operators();
[[nodiscard]] std::vector<OnnxOperator> onnx_activation_operators();
[[nodiscard]] std::vector<OnnxOperator> onnx_moving_operators();
[[nodiscard]] std::vector<OnnxOperator> onnx_shape_operators();

/// The sliding windows of a node along rows and columns: kernel_shape or `kernel`, strides, pads or
/// auto_pad, dilations, ceil_mode.  `shape` is that of the input with its margin; of one column it
/// may be a sequence, NCL, with windows along rows alone.
struct Windows {
  Window rows;
  Window cols;
};
[[nodiscard]] Windows read_windows(const OnnxNodeReader& node, const Shape& shape,
                                   std::vector<std::int64_t> kernel);

}  // namespace vpinfer
