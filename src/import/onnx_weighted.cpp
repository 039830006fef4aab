// ONNX's operators with trained weights.

#include <algorithm>
#include <cmath>
#include <optional>

#include "import/onnx_builder.hpp"
#include "import/onnx_runs.hpp"

namespace vpinfer {
namespace {

/// [outer][channels][taps] -> [outer][taps][channels].
std::vector<float> channels_last(const std::vector<float>& values, std::size_t channels,
                                 std::size_t taps) {
  std::vector<float> result(values.size());
  const std::size_t outer = values.size() / (channels * taps);
  auto target = result.begin();
  for (std::size_t i = 0; i < outer; ++i) {
    const float* source = values.data() + i * channels * taps;
    for (std::size_t tap = 0; tap < taps; ++tap) {
      for (std::size_t channel = 0; channel < channels; ++channel) {
        *target++ = source[channel * taps + tap];
      }
    }
  }
  return result;
}

/// One bias per filter: input `index`, or zeros.
std::vector<float> read_biases(const OnnxBuilder& builder, const OnnxNodeReader& node,
                               std::size_t index, int filters) {
  if (!node.has_input(index)) return std::vector<float>(static_cast<std::size_t>(filters));
  return builder.vector(node, index, filters);
}

/// The weights of a convolution, with as many axes as its input.
const OnnxTensor& read_filters(const OnnxBuilder& builder, const OnnxNodeReader& node,
                               std::size_t rank = 4) {
  const OnnxTensor& tensor = builder.constant(node, 1);
  (void)builder.floats(node, 1);
  if (tensor.dims.size() != rank || rank < 3) {
    node.unsupported("a filter of " + to_string(tensor.dims) + " for an input of " +
                     std::to_string(rank) + " axes");
  }
  return tensor;
}

/// The extents of an input with its margin.
Shape padded_shape(const OnnxBuilder& builder, const FeatureMap& map) {
  return {builder.extent(map, Axis::kRows), builder.extent(map, Axis::kCols),
          builder.extent(map, Axis::kChannels)};
}

void convolution(OnnxBuilder& builder, const OnnxNodeReader& node) {
  FeatureMap in = builder.feature(node, 0);
  const OnnxTensor& filters = read_filters(builder, node, in.dims.size());
  const std::vector<std::int64_t>& dims = filters.dims;
  const std::vector<std::int64_t> kernel(dims.begin() + 2, dims.end());
  if (node.integers("kernel_shape", kernel) != kernel) {
    node.refuse("its kernel_shape is not that of its filters, " + to_string(dims));
  }
  Windows windows = read_windows(node, padded_shape(builder, in), kernel);
  if (in.has_margin()) {  // becomes the convolution's padding
    windows.rows.pad_before += in.rows.before;
    windows.rows.pad_after += in.rows.after;
    windows.cols.pad_before += in.cols.before;
    windows.cols.pad_after += in.cols.after;
  } else {
    in = builder.as_picture(node, in, 0);
  }
  const int channels = builder.shape(in).channels;
  const int groups = node.small(node.integer("group", 1));
  if (groups < 1 || channels % groups != 0 || dims[1] != channels / groups) {
    node.refuse("its filters of " + to_string(dims) + " do not suit " + std::to_string(channels) +
                " input channels in " + std::to_string(groups) + " groups");
  }
  const int count = node.small(dims[0]);
  const int position =
      builder.add(node, Convolution{count, groups, windows.rows, windows.cols}, {in.position});
  builder.weights()[position] = {channels_last(filters.floats(), static_cast<std::size_t>(dims[1]),
                                               static_cast<std::size_t>(count_elements(kernel))),
                                 read_biases(builder, node, 2, count)};
  builder.define(node.node().outputs.front(), builder.picture_of(position, in.dims.size()));
}

/// A transposed convolution along one axis.  Output o gets input i through tap k if
/// o + pad = i * stride + k.  With o + pad = q * stride + r and k = t * stride + r that is, for
/// each phase r, an ordinary convolution: out[q * stride + r] = sum over t of in[q - t] * w[t *
/// stride + r]. Its `stride` phases are computed as filters of their own and become pixels by
/// DepthToSpace. A dilated kernel has zeros between its taps.
struct TransposedAxis {
  int kernel = 1;
  int dilation = 1;
  int stride = 1;
  int pad_before = 0;
  int outputs = 1;

  [[nodiscard]] int reach() const { return (kernel - 1) * dilation + 1; }
  [[nodiscard]] int taps() const { return (reach() + stride - 1) / stride; }
  /// The tap of the kernel at tap `t` of a phase; empty between taps and beyond the last one.
  [[nodiscard]] std::optional<int> tap(int t, int phase) const {
    const int at = t * stride + phase;
    return at % dilation == 0 && at < reach() ? std::optional(at / dilation) : std::nullopt;
  }
  /// So many q that all outputs are there; large padding needs fewer than there are inputs.
  [[nodiscard]] Window window(int inputs) const {
    const int phases = (pad_before + outputs + stride - 1) / stride;
    return {taps(), 1, taps() - 1, std::max(0, phases - inputs)};
  }
  [[nodiscard]] Cut cut() const { return {pad_before, outputs}; }
};

/// `pads`, `output_padding`, `output_shape` and auto_pad of one axis.
TransposedAxis read_transposed(const OnnxNodeReader& node, std::size_t axis, std::int64_t kernel,
                               int inputs) {
  const auto number = [&](const std::string& name, std::size_t count, std::size_t index,
                          std::int64_t fallback) {
    const auto list = node.integers(name, std::vector<std::int64_t>(count, fallback));
    if (list.size() != count) node.refuse("its attribute '" + name + "' has the wrong length");
    if (list[index] < 0 || list[index] > 65536) {
      node.refuse("its attribute '" + name + "' holds " + std::to_string(list[index]));
    }
    return static_cast<int>(list[index]);
  };
  const int stride = number("strides", 2, axis, 1);
  if (stride < 1) node.refuse("a stride of 0 is not possible");
  const int dilation = number("dilations", 2, axis, 1);
  if (dilation < 1) node.refuse("a dilation of 0 is not possible");
  const int extra = number("output_padding", 2, axis, 0);
  const std::string automatic = node.text("auto_pad", "NOTSET");
  const std::int64_t reach = (kernel - 1) * dilation + 1;
  const std::int64_t all = (std::int64_t{inputs} - 1) * stride + reach + extra;
  if (kernel > 65536 || all > (std::int64_t{1} << 24U))
    node.refuse("its output would be too large");
  TransposedAxis result{static_cast<int>(kernel), dilation, stride, number("pads", 4, axis, 0), 0};
  const int full = static_cast<int>(all);
  result.outputs = full - result.pad_before - number("pads", 4, axis + 2, 0);
  const bool same = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  if (node.has_attribute("output_shape") || same) {
    const int fallback = inputs * stride;
    result.outputs =
        node.has_attribute("output_shape") ? number("output_shape", 2, axis, 0) : fallback;
    // An output larger than the input reaches ends in biases only.
    const int total = std::max(0, full - result.outputs);
    result.pad_before = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
  } else if (automatic == "VALID") {
    result.pad_before = 0;
    result.outputs = full;
  } else if (automatic != "NOTSET") {
    node.unsupported("auto_pad " + automatic);
  }
  if (result.outputs < 1) node.refuse("its output would be empty");
  return result;
}

/// Weights [in channels][filters per group][rows][cols] -> a filter per output channel and phase,
/// [filter][phase row][phase col][tap row][tap col][channel], the taps backwards.
std::vector<float> phase_filters(const OnnxTensor& filters, int groups, const TransposedAxis& rows,
                                 const TransposedAxis& cols) {
  const int per_group = static_cast<int>(filters.dims[0]) / groups;  // input channels
  const int count = static_cast<int>(filters.dims[1]);               // filters of a group
  std::vector<float> result;
  for (int filter = 0; filter < groups * count; ++filter) {
    for (int phase = 0; phase < rows.stride * cols.stride; ++phase) {
      for (int t = rows.taps() - 1; t >= 0; --t) {
        for (int u = cols.taps() - 1; u >= 0; --u) {
          const std::optional<int> row = rows.tap(t, phase / cols.stride);
          const std::optional<int> col = cols.tap(u, phase % cols.stride);
          for (int i = 0; i < per_group; ++i) {
            const int channel = filter / count * per_group + i;
            const int plane = (channel * count + filter % count) * rows.kernel;
            result.push_back(row && col ? filters.floats()[static_cast<std::size_t>(
                                              (plane + *row) * cols.kernel + *col)]
                                        : 0);
          }
        }
      }
    }
  }
  return result;
}

void transposed_convolution(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const OnnxTensor& filters = read_filters(builder, node);
  const FeatureMap in = builder.picture(node, 0);
  const Shape shape = builder.shape(in);
  const int groups = node.small(node.integer("group", 1));
  if (groups < 1 || shape.channels % groups != 0 || filters.dims[0] != shape.channels) {
    node.refuse("its filters of " + to_string(filters.dims) + " do not suit " +
                std::to_string(shape.channels) + " input channels in " + std::to_string(groups) +
                " groups");
  }
  const TransposedAxis rows = read_transposed(node, 0, filters.dims[2], shape.rows);
  const TransposedAxis cols = read_transposed(node, 1, filters.dims[3], shape.cols);
  const int block = rows.stride * cols.stride;
  const int count = node.small(filters.dims[1] * groups);
  const int phases = builder.add(node,
                                 Convolution{node.small(std::int64_t{count} * block), groups,
                                             rows.window(shape.rows), cols.window(shape.cols)},
                                 {in.position});
  std::vector<float> biases;
  for (const float bias : read_biases(builder, node, 2, count)) {
    biases.insert(biases.end(), static_cast<std::size_t>(block), bias);
  }
  builder.weights()[phases] = {phase_filters(filters, groups, rows, cols), std::move(biases)};
  int position = phases;
  if (block > 1) {
    const DepthToSpace interleave{rows.stride, cols.stride, DepthOrder::kColumnRowDepth};
    position = builder.add(node, interleave, {position});
  }
  const Shape& all = builder.network().layer(position).output;
  if (Shape{rows.outputs, cols.outputs, count} != all) {
    position = builder.add(node, Slice{rows.cut(), cols.cut(), Cut{0, count}}, {position});
  }
  builder.define(node.node().outputs.front(), builder.picture_of(position));
}

/// Where element `index` of a flattened box lies in [rows][cols][channels].
std::size_t box_index(const OnnxBuilder& builder, const FeatureMap& map, std::size_t index) {
  const Shape& shape = builder.shape(map);
  std::array<std::size_t, 3> place{};  // by Axis
  for (auto axis = map.order.rbegin(); axis != map.order.rend(); ++axis) {
    const auto extent = static_cast<std::size_t>(builder.extent(map, *axis));
    place[static_cast<std::size_t>(*axis)] = index % extent;
    index /= extent;
  }
  return (place[static_cast<std::size_t>(Axis::kRows)] * static_cast<std::size_t>(shape.cols) +
          place[static_cast<std::size_t>(Axis::kCols)]) *
             static_cast<std::size_t>(shape.channels) +
         place[static_cast<std::size_t>(Axis::kChannels)];
}

/// Whether the last axis of a tensor are the channels of its box, and the others its pixels.
bool ends_in_channels(const OnnxBuilder& builder, const FeatureMap& map) {
  const auto runs = runs_of(builder, map);
  return runs && !runs->empty() && runs->back() == std::vector{Axis::kChannels};
}

/// A fully connected layer: a convolution whose windows are as large as the box, whatever order the
/// elements were flattened in, or of one pixel if each has a row of the input.  matrix(k, m) is the
/// weight of input k for output m.
template <typename Matrix>
FeatureMap fully_connected(OnnxBuilder& builder, const OnnxNodeReader& node, std::size_t outputs,
                           std::size_t inputs, const Matrix& matrix) {
  const FeatureMap in = builder.complete(node, 0);
  const Shape shape = builder.shape(in);
  const bool is_vector = in.dims.size() == 2 && in.dims[0] == builder.batch();
  if (!is_vector && !ends_in_channels(builder, in)) {
    node.unsupported("an input of " + to_string(in.dims) + ", of several rows,");
  }
  if (in.dims.back() != static_cast<std::int64_t>(inputs)) {
    node.refuse("its matrix has " + std::to_string(inputs) + " rows, but its input is " +
                to_string(in.dims));
  }
  const Window rows{is_vector ? shape.rows : 1};
  const Window cols{is_vector ? shape.cols : 1};
  const int position =
      builder.add(node, Convolution{static_cast<int>(outputs), 1, rows, cols}, {in.position});
  LayerWeights& trained = builder.weights()[position];
  trained.weights.resize(inputs * outputs);
  trained.biases.resize(outputs);
  for (std::size_t k = 0; k < inputs; ++k) {
    const std::size_t place = is_vector ? box_index(builder, in, k) : k;
    for (std::size_t m = 0; m < outputs; ++m) trained.weights[m * inputs + place] = matrix(k, m);
  }
  if (is_vector) return builder.picture_of(position, 2);
  FeatureMap out{position, in.dims, in.order};
  out.dims.back() = static_cast<std::int64_t>(outputs);
  return out;
}

/// A constant with two axes.
const OnnxTensor& read_matrix(const OnnxBuilder& builder, const OnnxNodeReader& node) {
  const OnnxTensor& matrix = builder.constant(node, 1);
  (void)builder.floats(node, 1);
  if (matrix.dims.size() != 2) {
    node.unsupported("a second factor of " + to_string(matrix.dims) + ", with other than 2 axes,");
  }
  (void)node.small(matrix.dims[0] * matrix.dims[1]);
  return matrix;
}

void gemm(OnnxBuilder& builder, const OnnxNodeReader& node) {
  if (node.flag("transA")) node.unsupported("transA");
  const OnnxTensor& matrix = read_matrix(builder, node);
  const bool transposed = node.flag("transB");
  const auto rows = static_cast<std::size_t>(matrix.dims[0]);
  const auto cols = static_cast<std::size_t>(matrix.dims[1]);
  const float alpha = node.number("alpha", 1);
  const FeatureMap out =
      fully_connected(builder, node, transposed ? rows : cols, transposed ? cols : rows,
                      [&](std::size_t k, std::size_t m) {
                        return alpha * matrix.floats()[transposed ? m * cols + k : k * cols + m];
                      });
  if (node.has_input(2)) {
    const float beta = node.number("beta", 1);
    const std::vector<float>& addend = builder.floats(node, 2);
    std::vector<float>& biases = builder.weights().at(out.position).biases;
    const std::vector<std::int64_t>& dims = builder.constant(node, 2).dims;
    const bool per_output = addend.size() == biases.size() && !dims.empty() &&
                            dims.back() == static_cast<std::int64_t>(biases.size());
    if (addend.size() != 1 && !per_output) {
      if (out.dims[0] != builder.batch()) node.unsupported("a bias of its own for each row");
      node.refuse("its biases of " + to_string(dims) + " do not suit " +
                  std::to_string(biases.size()) + " outputs");
    }
    for (std::size_t i = 0; i < biases.size(); ++i) {
      biases[i] = beta * addend[addend.size() == 1 ? 0 : i];
    }
  }
  builder.define(node.node().outputs.front(), out);
}

void mat_mul(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const OnnxTensor& matrix = read_matrix(builder, node);
  const auto cols = static_cast<std::size_t>(matrix.dims[1]);
  const FeatureMap out =
      fully_connected(builder, node, cols, static_cast<std::size_t>(matrix.dims[0]),
                      [&](std::size_t k, std::size_t m) { return matrix.floats()[k * cols + m]; });
  builder.define(node.node().outputs.front(), out);
}

void batch_normalization(OnnxBuilder& builder, const OnnxNodeReader& node) {
  if (node.flag("training_mode")) node.unsupported("training_mode");
  if (!node.flag("spatial", true)) node.unsupported("spatial=0");
  for (std::size_t i = 1; i < node.node().outputs.size(); ++i) {
    if (node.has_output(i) && builder.is_read(node.node().outputs[i])) {
      node.unsupported("an output of running statistics");
    }
  }
  const FeatureMap in = builder.picture(node, 0);
  const int channels = builder.shape(in).channels;
  const float epsilon = node.number("epsilon", 1e-5F);
  std::vector<float> scale = builder.vector(node, 1, channels);
  std::vector<float> shift = builder.vector(node, 2, channels);
  const std::vector<float>& means = builder.vector(node, 3, channels);
  const std::vector<float>& variances = builder.vector(node, 4, channels);
  for (std::size_t i = 0; i < scale.size(); ++i) {
    scale[i] /= std::sqrt(variances[i] + epsilon);
    shift[i] -= means[i] * scale[i];
  }
  builder.define(node.node().outputs.front(), builder.affine(node, in, scale, shift));
}

void p_relu(OnnxBuilder& builder, const OnnxNodeReader& node) {
  const std::vector<float>& slopes = builder.floats(node, 1);
  if (slopes.size() == 1) {
    const Activation leaky(Activation::kLeaky, slopes.front());
    builder.define(node.node().outputs.front(),
                   builder.activate(node, builder.complete(node, 0), leaky));
    return;
  }
  const FeatureMap in = builder.picture(node, 0);
  const std::int64_t channels = builder.shape(in).channels;
  const std::vector<std::int64_t>& dims = builder.constant(node, 1).dims;
  const std::size_t behind = in.dims.size() - 2;  // rows and columns
  const bool per_channel = dims.size() > behind && dims[dims.size() - 1 - behind] == channels &&
                           count_elements(dims) == channels;
  if (!per_channel) node.unsupported("a slope of " + to_string(dims) + ", other than per channel,");
  FeatureMap out = in;
  out.position = builder.add(node, PRelu{}, {in.position});
  builder.weights()[out.position] = {slopes, std::vector<float>(slopes.size())};
  builder.define(node.node().outputs.front(), out);
}

}  // namespace

std::vector<OnnxOperator> onnx_weighted_operators() {
  return {
      {"Conv", convolution, 3,
       "1-D and 2-D: groups, strides, dilations, any padding; constant filters"},
      {"ConvTranspose", transposed_convolution, 3,
       "2-D: groups, strides, dilations, any padding, output_shape; constant filters"},
      {"Gemm", gemm, 3, "pixels or a vector times a constant matrix: alpha, beta, transB"},
      {"MatMul", mat_mul, 2,
       "pixels or a vector times a constant matrix; with Softmax: attention by heads"},
      {"BatchNormalization", batch_normalization, 5, "of inference; folded into the layer before"},
      {"PRelu", p_relu, 2, "one slope, or one per channel"}};
}

}  // namespace vpinfer
