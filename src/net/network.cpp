#include "vpinfer/net/network.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

#include "vpinfer/base/error.hpp"

namespace vpinfer {
namespace {

/// No tensor of a model that fits a small machine is larger; keeps index arithmetic in range.
constexpr std::int64_t kMostElements = std::numeric_limits<std::int32_t>::max();
constexpr int kLargestReorg = 1024;
constexpr int kLargestWindow = 65536;

void check_extent(const Shape& shape, const std::string& where) {
  if (shape.rows < 1 || shape.cols < 1 || shape.channels < 1) {
    throw BadInput(where + ": an extent of " + to_string(shape) + " is empty");
  }
  if (std::int64_t{shape.rows} * shape.cols > kMostElements / shape.channels) {
    throw BadInput(where + ": an extent of " + to_string(shape) + " is too large");
  }
}

/// Infers the output shape of one operation from the shapes of its inputs.
class ShapeOf {
 public:
  ShapeOf(std::vector<Shape> inputs, std::string where)
      : inputs_(std::move(inputs)), where_(std::move(where)) {}

  Shape operator()(const Input&) const { refuse("only the first layer can be the input"); }

  Shape operator()(const Convolution& conv) const {
    const Shape& in = only_input();
    if (conv.filters < 1) refuse("filters must be at least 1");
    if (conv.groups < 1 || in.channels % conv.groups != 0 || conv.filters % conv.groups != 0) {
      refuse("groups=" + std::to_string(conv.groups) + " must divide the " +
             std::to_string(in.channels) + " input channels and the " +
             std::to_string(conv.filters) + " filters");
    }
    const Shape out{slide(conv.rows, in.rows, "rows"), slide(conv.cols, in.cols, "columns"),
                    conv.filters};
    if (std::int64_t{conv.rows.size} * conv.cols.size > kMostElements / in.channels) {
      refuse("its filters are too large");
    }
    return out;
  }

  Shape operator()(const MaxPool& pool) const {
    const Shape& in = only_input();
    return {slide(pool.rows, in.rows, "rows"), slide(pool.cols, in.cols, "columns"), in.channels};
  }

  Shape operator()(const Concat&) const {
    Shape out = inputs_.front();
    std::int64_t channels = 0;
    for (const Shape& in : inputs_) {
      if (in.rows != out.rows || in.cols != out.cols) {
        refuse("cannot join " + to_string(inputs_.front()) + " and " + to_string(in) +
               ": rows and columns differ");
      }
      channels += in.channels;
    }
    if (channels > kMostElements) refuse("it would have too many channels");
    out.channels = static_cast<int>(channels);
    return out;
  }

  Shape operator()(const Reorg& reorg) const {
    const Shape& in = only_input();
    const int s = reorg.stride;
    if (s < 1 || s > kLargestReorg) {
      refuse("stride must be from 1 to " + std::to_string(kLargestReorg));
    }
    if (in.channels % (s * s) != 0) refuse_reorg(in, "channels", s * s);
    if (reorg.reverse) return {in.rows * s, in.cols * s, in.channels / (s * s)};
    if (in.rows % s != 0) refuse_reorg(in, "rows", s);
    if (in.cols % s != 0) refuse_reorg(in, "columns", s);
    return {in.rows / s, in.cols / s, in.channels * s * s};
  }

  Shape operator()(const Region& region) const {
    const Shape& in = only_input();
    const std::int64_t wanted =
        (region.classes + std::int64_t{5}) * static_cast<std::int64_t>(region.anchors.size());
    if (region.classes < 0 || wanted == 0 || in.channels != wanted) {
      refuse("needs " + std::to_string(wanted) + " channels for " +
             std::to_string(region.anchors.size()) + " anchors and " +
             std::to_string(region.classes) + " classes, but its input has " +
             std::to_string(in.channels));
    }
    return in;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const { throw BadInput(where_ + ": " + why); }

  [[noreturn]] void refuse_reorg(const Shape& in, const std::string& axis, int divisor) const {
    refuse("the " + axis + " of its input " + to_string(in) + " must be a multiple of " +
           std::to_string(divisor));
  }

  const Shape& only_input() const {
    if (inputs_.size() != 1) refuse("takes exactly one input");
    return inputs_.front();
  }

  int slide(const Window& window, int size, const std::string& axis) const {
    if (window.size < 1 || window.stride < 1) refuse("size and stride must be at least 1");
    for (const int extent : {window.size, window.pad_before, window.pad_after}) {
      if (extent > kLargestWindow) {
        refuse("a window or padding of " + std::to_string(extent) + " is too large");
      }
    }
    const std::int64_t room =
        std::int64_t{size} + window.pad_before + window.pad_after - window.size;
    if (window.pad_before < 0 || window.pad_after < 0 || room < 0) {
      refuse("a window of " + std::to_string(window.size) + " does not fit " +
             std::to_string(size) + " " + axis);
    }
    const std::int64_t steps = room / window.stride + 1;
    if (steps > kMostElements) refuse("its output would be too large");
    return static_cast<int>(steps);
  }

  std::vector<Shape> inputs_;
  std::string where_;
};

}  // namespace

const Shape& Network::input_shape(int position, std::size_t index) const {
  return layer(layer(position).inputs[index]).output;
}

std::string Network::label(int position) {
  return position == 0 ? "the input" : "layer " + std::to_string(number(position));
}

void add_input(Network& network, const Shape& shape, const std::string& where) {
  check_extent(shape, where);
  network.layers.push_back({Input{}, {}, shape});
}

int add_layer(Network& network, Operation operation, std::vector<int> inputs,
              const std::string& where) {
  if (inputs.empty()) throw BadInput(where + ": has no input");
  std::vector<Shape> shapes;
  for (const int input : inputs) {
    if (input < 0 || input >= network.size()) {
      throw BadInput(where + ": there is no layer " + std::to_string(Network::number(input)) +
                     " before this one");
    }
    shapes.push_back(network.layer(input).output);
  }
  const Shape output = std::visit(ShapeOf(std::move(shapes), where), operation);
  check_extent(output, where);
  network.layers.push_back({std::move(operation), std::move(inputs), output});
  return network.size() - 1;
}

WeightShape weight_shape(const Network& network, int position) {
  const auto* conv = std::get_if<Convolution>(&network.layer(position).operation);
  if (conv == nullptr) return {};
  return {conv->filters, conv->rows.size, conv->cols.size,
          network.input_shape(position, 0).channels / conv->groups};
}

double flop(const Network& network, int position, const Box& box) {
  return 2.0 * static_cast<double>(box.elements()) *
         static_cast<double>(weight_shape(network, position).elements_per_filter());
}

std::vector<int> result_layers(const Network& network) {
  std::vector<int> results;
  for (const Layer& layer : network.layers) {
    if (std::holds_alternative<Region>(layer.operation)) results.push_back(layer.inputs.front());
  }
  results.push_back(network.size() - 1);
  std::sort(results.begin(), results.end());
  results.erase(std::unique(results.begin(), results.end()), results.end());
  return results;
}

}  // namespace vpinfer
