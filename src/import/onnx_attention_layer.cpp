#include "import/onnx_attention_layer.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "tensor/operators.hpp"

namespace vpinfer {
namespace {

/// Extents of a stack of matrices.
struct Matrices {
  std::int64_t count = 1;
  std::int64_t rows = 0;
  std::int64_t cols = 0;

  explicit Matrices(const OnnxDims& dims) {
    if (dims.size() < 2) return;
    count = std::accumulate(dims.begin(), dims.end() - 2, std::int64_t{1}, std::multiplies<>());
    rows = dims[dims.size() - 2];
    cols = dims.back();
  }
};

OnnxDims leading(const OnnxDims& dims) {
  return {dims.begin(), dims.end() - 2};
}

/// An operand: where each of its elements stands in the tensor that it was moved from.
struct Operand {
  FeatureMap source;
  OnnxTensor places;  ///< numbers of the source's elements, row-major
  float scale = 1;
};

/// A pixel of a box, row by row, and one of its channels.
struct Place {
  std::int64_t pixel = 0;
  std::int64_t channel = 0;
};

Place place_in(const Shape& box, const AxisOrder& order, std::int64_t element) {
  Shape at;
  for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
    const int extent = along(box, *axis);
    along(at, *axis) = static_cast<int>(element % extent);
    element /= extent;
  }
  return {std::int64_t{at.rows} * box.cols + at.cols, at.channels};
}

/// The numbers 0, 1, 2, ... as a tensor.
OnnxTensor numbered(const OnnxDims& dims) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(count_elements(dims)));
  std::iota(numbers.begin(), numbers.end(), 0);
  return {dims, std::move(numbers)};
}

class AttentionBuilder {
 public:
  AttentionBuilder(OnnxBuilder& builder, const OnnxAttention& nodes, const OnnxReaders& readers,
                   const std::string& where, std::int64_t opset)
      : builder_(builder), nodes_(nodes), readers_(readers), where_(where), opset_(opset) {}

  [[nodiscard]] std::optional<AttentionResult> add() const {
    const auto queries = operand(nodes_.queries);
    const auto keys = operand(nodes_.keys);
    const auto values = operand(nodes_.values);
    if (!queries || !keys || !values || !softmax_is_over_keys(*queries)) return std::nullopt;
    const auto attention = attention_of(*queries, *keys, *values);
    if (!attention) return std::nullopt;
    const Shape& pixels = builder_.shape(queries->source);
    auto result = result_of({pixels.rows, pixels.cols, attention->heads * attention->values.size},
                            attention->values.size, product_dims(*queries, *values));
    if (!result) return std::nullopt;
    result->map.position =
        builder_.add(reader(*result->last), *attention,
                     {queries->source.position, keys->source.position, values->source.position});
    return result;
  }

  /// Channels of one of the operands' sources as a picture.
  [[nodiscard]] std::optional<FeatureMap> add_channels(const OnnxNode& node) const {
    const auto moved = operand(node.outputs.front());
    const auto channels = moved && moved->scale == 1 ? channels_in(*moved) : std::nullopt;
    if (!channels) return std::nullopt;
    const Shape& box = builder_.shape(moved->source);
    std::vector<int> parts;
    for (const Interval& run : *channels) {
      const Slice slice{{0, box.rows}, {0, box.cols}, {run.begin, run.size()}};
      parts.push_back(builder_.add(reader(node), slice, {moved->source.position}));
    }
    const int position =
        parts.size() == 1 ? parts.front() : builder_.add(reader(node), Concat{}, parts);
    return builder_.picture_of(position);
  }

 private:
  [[nodiscard]] OnnxNodeReader reader(const OnnxNode& node) const { return {node, where_, opset_}; }

  [[nodiscard]] const OnnxTensor* constant(const std::string& name) const {
    const OnnxValue* value = builder_.find(name);
    const auto* constant = value == nullptr ? nullptr : std::get_if<OnnxConstant>(value);
    return constant == nullptr ? nullptr : constant->get();
  }

  /// Follows a value back to what is not only moved and scaled.
  [[nodiscard]] std::optional<Operand> operand(const std::string& name) const {
    const OnnxNode* maker = readers_.maker(name);
    const auto is_in = [&](const std::vector<const OnnxNode*>& nodes) {
      return std::find(nodes.begin(), nodes.end(), maker) != nodes.end();
    };
    const bool is_moved = is_in(nodes_.before) || is_in(nodes_.beside);
    if (!is_moved) return source(name);
    if (!only_moves(*maker)) return scaled(*maker);
    auto moved = operand(maker->inputs.front());
    if (!moved) return std::nullopt;
    auto places = moved_by(*maker, std::move(moved->places), name);
    if (!places) return std::nullopt;
    moved->places = *std::move(places);
    return moved;
  }

  [[nodiscard]] std::optional<Operand> source(const std::string& name) const {
    if (const OnnxTensor* tensor = constant(name)) return constant_operand(*tensor);
    const OnnxValue* value = builder_.find(name);
    const auto* map = value == nullptr ? nullptr : std::get_if<FeatureMap>(value);
    if (map == nullptr || !map->is_float || map->has_margin()) return std::nullopt;
    return Operand{*map, numbered(map->dims)};
  }

  /// A stack of matrices as a layer: a pixel for each row, and the columns of one after those of
  /// the other as channels.
  [[nodiscard]] std::optional<Operand> constant_operand(const OnnxTensor& tensor) const {
    const Matrices matrices(tensor.dims);
    if (!tensor.is_float() || matrices.cols == 0) return std::nullopt;
    const OnnxNodeReader node = reader(*nodes_.product);
    const Shape box{node.small(matrices.rows), 1, node.small(matrices.count * matrices.cols)};
    LayerWeights weights{std::vector<float>(tensor.floats().size()),
                         std::vector<float>(static_cast<std::size_t>(box.channels))};
    OnnxTensor places = numbered(tensor.dims);
    for (std::int64_t& number : std::get<std::vector<std::int64_t>>(places.values)) {
      const std::int64_t element = number;
      const std::int64_t row = element / matrices.cols % matrices.rows;
      const std::int64_t channel =
          element / (matrices.cols * matrices.rows) * matrices.cols + element % matrices.cols;
      weights.weights[static_cast<std::size_t>(channel * matrices.rows + row)] =
          tensor.floats()[static_cast<std::size_t>(element)];
      number = row * box.channels + channel;
    }
    const int position = builder_.add(node, Constant{box}, {});
    builder_.weights()[position] = std::move(weights);
    FeatureMap source{position, OnnxDims{matrices.rows, box.channels}, kChannelsLast};
    return Operand{std::move(source), std::move(places)};
  }

  /// The number by which a node multiplies its other input.
  [[nodiscard]] std::optional<float> scale_of(const OnnxNode& node) const {
    for (const std::string& name : node.inputs) {
      const OnnxTensor* number = constant(name);
      if (number == nullptr || !number->is_float() || number->floats().size() != 1) continue;
      return node.op == "Div" ? 1 / number->floats().front() : number->floats().front();
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<Operand> scaled(const OnnxNode& node) const {
    const bool first = readers_.depends_on_picture(node.inputs[0]);
    auto found = operand(node.inputs[first ? 0 : 1]);
    const auto scale = scale_of(node);
    if (!found || !scale) return std::nullopt;
    found->scale *= *scale;
    return found;
  }

  /// What a node makes of a tensor under one of its outputs' names.
  [[nodiscard]] std::optional<OnnxTensor> moved_by(const OnnxNode& node, OnnxTensor tensor,
                                                   const std::string& output) const {
    std::vector<const OnnxTensor*> inputs{&tensor};
    for (std::size_t i = 1; i < node.inputs.size(); ++i) {
      inputs.push_back(constant(node.inputs[i]));
      if (inputs.back() == nullptr && !node.inputs[i].empty()) return std::nullopt;
    }
    std::vector<OnnxTensor> results = evaluate(reader(node), inputs);
    const auto index = static_cast<std::size_t>(
        std::find(node.outputs.begin(), node.outputs.end(), output) - node.outputs.begin());
    if (index >= results.size()) return std::nullopt;
    return std::move(results[index]);
  }

  /// Until operator set 13 the axis and all after it are normalised together.
  [[nodiscard]] bool softmax_is_over_keys(const Operand& queries) const {
    const std::size_t rank = queries.places.dims.size();
    const OnnxNodeReader softmax = reader(*nodes_.softmax);
    return rank >= 2 &&
           softmax.axis(softmax.integer("axis", opset_ < 13 ? 1 : -1), rank) == rank - 1;
  }

  /// That of the scores, times what the operands were scaled by; empty if something turns the
  /// weights in another way.
  [[nodiscard]] std::optional<float> scale(const Operand& queries, const Operand& keys) const {
    float scale = queries.scale * keys.scale;
    for (const OnnxNode* node : nodes_.between) {
      if (node->op == "Transpose") {
        OnnxDims turned(queries.places.dims.size());
        std::iota(turned.begin(), turned.end(), 0);
        std::swap(turned.back(), turned[turned.size() - 2]);
        if (reader(*node).integers("perm", {}) != turned) return std::nullopt;
        continue;
      }
      const auto factor = scale_of(*node);
      if (!factor) return std::nullopt;
      scale *= *factor;
    }
    return scale;
  }

  [[nodiscard]] std::optional<Attention> attention_of(const Operand& queries, const Operand& keys,
                                                      const Operand& values) const {
    const Matrices q(queries.places.dims);
    const Matrices k(keys.places.dims);
    const Matrices v(values.places.dims);
    const std::size_t rank = queries.places.dims.size();
    if (keys.places.dims.size() != rank || values.places.dims.size() != rank) return std::nullopt;
    const std::int64_t positions = nodes_.values_first ? v.cols : v.rows;
    const bool fit = leading(queries.places.dims) == leading(keys.places.dims) &&
                     leading(queries.places.dims) == leading(values.places.dims) &&
                     q.cols == k.rows && k.cols == positions && values.scale == 1;
    const auto factor = fit ? scale(queries, keys) : std::nullopt;
    const auto of_queries = heads_in(queries, false);
    const auto of_keys = heads_in(keys, true);
    const auto of_values = heads_in(values, nodes_.values_first);
    if (!factor || !of_queries || !of_keys || !of_values) return std::nullopt;
    return Attention{static_cast<int>(q.count), *factor, *of_queries, *of_keys, *of_values};
  }

  /// Where the heads stand, if every matrix holds the channels of one, a pixel to each row or, if
  /// it is turned, column.
  [[nodiscard]] std::optional<HeadChannels> heads_in(const Operand& operand, bool turned) const {
    const Shape& box = builder_.shape(operand.source);
    const Matrices matrices(operand.places.dims);
    const std::int64_t pixels = turned ? matrices.cols : matrices.rows;
    const std::int64_t size = turned ? matrices.rows : matrices.cols;
    if (std::int64_t{box.rows} * box.cols != pixels) return std::nullopt;
    const auto place = [&](std::int64_t head, std::int64_t pixel, std::int64_t channel) {
      const std::int64_t within = turned ? channel * pixels + pixel : pixel * size + channel;
      const auto element = static_cast<std::size_t>(head * pixels * size + within);
      return place_in(box, operand.source.order, operand.places.integers()[element]);
    };
    const std::int64_t begin = place(0, 0, 0).channel;
    const std::int64_t stride = matrices.count == 1 ? size : place(1, 0, 0).channel - begin;
    for (std::int64_t head = 0; head < matrices.count; ++head) {
      for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
        for (std::int64_t channel = 0; channel < size; ++channel) {
          const Place at = place(head, pixel, channel);
          if (at.pixel != pixel || at.channel != begin + head * stride + channel) {
            return std::nullopt;
          }
        }
      }
    }
    if (stride < 0) return std::nullopt;
    return HeadChannels{static_cast<int>(begin), static_cast<int>(stride), static_cast<int>(size)};
  }

  /// Which channels of the source a picture of the same pixels is, as runs in their order; empty if
  /// it is something else.
  [[nodiscard]] std::optional<std::vector<Interval>> channels_in(const Operand& operand) const {
    const Shape& box = builder_.shape(operand.source);
    const OnnxDims& dims = operand.places.dims;
    if (dims.size() != 4 || dims[0] != 1 || dims[2] != box.rows || dims[3] != box.cols) return {};
    const std::int64_t pixels = dims[2] * dims[3];
    std::vector<Interval> runs;
    for (std::int64_t i = 0; i < dims[1] * pixels; ++i) {
      const Place at = place_in(box, operand.source.order,
                                operand.places.integers()[static_cast<std::size_t>(i)]);
      const auto channel = static_cast<int>(at.channel);
      if (at.pixel != i % pixels) return {};
      if (i % pixels == 0) {
        const bool goes_on = !runs.empty() && runs.back().end == channel;
        if (!goes_on) runs.push_back({channel, channel});
        ++runs.back().end;
      } else if (runs.back().end != channel + 1) {
        return {};
      }
    }
    return runs;
  }

  [[nodiscard]] OnnxDims product_dims(const Operand& queries, const Operand& values) const {
    const std::int64_t pixels = Matrices(queries.places.dims).rows;
    const Matrices v(values.places.dims);
    OnnxDims dims = leading(queries.places.dims);
    if (nodes_.values_first) {
      dims.insert(dims.end(), {v.rows, pixels});
    } else {
      dims.insert(dims.end(), {pixels, v.cols});
    }
    return dims;
  }

  /// Where the elements of the product stand in the layer's output, with channels last.
  [[nodiscard]] OnnxTensor product_places(const Shape& box, int size, const OnnxDims& dims) const {
    OnnxTensor places{dims, std::vector<std::int64_t>{}};
    auto& numbers = std::get<std::vector<std::int64_t>>(places.values);
    const Matrices matrices(dims);
    for (std::int64_t head = 0; head < matrices.count; ++head) {
      for (std::int64_t row = 0; row < matrices.rows; ++row) {
        for (std::int64_t col = 0; col < matrices.cols; ++col) {
          const auto [pixel, value] =
              nodes_.values_first ? std::pair(col, row) : std::pair(row, col);
          numbers.push_back(pixel * box.channels + head * size + value);
        }
      }
    }
    return places;
  }

  /// The order of the output's box in which a tensor of such places has its elements.
  [[nodiscard]] static std::optional<AxisOrder> order_in(const Shape& box,
                                                         const OnnxTensor& places) {
    for (const AxisOrder& order : {kChannelsLast, kChannelsFirst}) {
      std::int64_t next = 0;
      const bool fits =
          std::all_of(places.integers().begin(), places.integers().end(), [&](std::int64_t number) {
            const Place at = place_in(box, order, next++);
            return number == at.pixel * box.channels + at.channel;
          });
      if (fits) return order;
    }
    return std::nullopt;
  }

  /// The first of the product and what moves it that has the elements of the output's box in order.
  [[nodiscard]] std::optional<AttentionResult> result_of(const Shape& box, int size,
                                                         const OnnxDims& dims) const {
    OnnxTensor places = product_places(box, size, dims);
    const OnnxNode* last = nodes_.product;
    for (auto next = nodes_.after.begin();; ++next) {
      if (const auto order = order_in(box, places)) {
        return AttentionResult{last, {0, places.dims, *order}};
      }
      if (next == nodes_.after.end()) return std::nullopt;
      last = *next;
      auto moved = moved_by(*last, std::move(places), last->outputs.front());
      if (!moved || count_elements(moved->dims) != static_cast<std::int64_t>(box.elements())) {
        return std::nullopt;
      }
      places = *std::move(moved);
    }
  }

  OnnxBuilder& builder_;
  const OnnxAttention& nodes_;
  const OnnxReaders& readers_;
  const std::string& where_;
  std::int64_t opset_;
};

}  // namespace

std::optional<AttentionResult> add_attention(OnnxBuilder& builder, const OnnxAttention& attention,
                                             const OnnxReaders& readers, const std::string& where,
                                             std::int64_t opset) {
  if (builder.batch() != 1) return std::nullopt;
  const OnnxBuilder::Checkpoint checkpoint = builder.checkpoint();
  try {
    auto result = AttentionBuilder(builder, attention, readers, where, opset).add();
    if (result) return result;
  } catch (const BadInput&) {  // translated node by node it says what is wrong
  }
  builder.go_back(checkpoint, *attention.product);
  return std::nullopt;
}

std::optional<FeatureMap> add_channels(OnnxBuilder& builder, const OnnxAttention& attention,
                                       const OnnxReaders& readers, const OnnxNode& node,
                                       const std::string& where, std::int64_t opset) {
  try {
    return AttentionBuilder(builder, attention, readers, where, opset).add_channels(node);
  } catch (const BadInput&) {
    return std::nullopt;
  }
}

}  // namespace vpinfer
