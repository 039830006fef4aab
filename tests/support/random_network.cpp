#include "support/random_network.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>

namespace vpinfer {
namespace {

constexpr int kMostChannels = 48;
constexpr int kMostPixelsAside = 46;
constexpr int kActivations = 14;

bool fits(const Window& window, int extent) {
  return extent + window.pad_before + window.pad_after >= window.size;
}

class NetworkMaker {
 public:
  explicit NetworkMaker(std::uint32_t seed) : random_(seed) {
    network_.name = "random " + std::to_string(seed);
    // Some are large enough that convolutions are divided into interior and border.
    const Shape input =
        random_.chance(25)
            ? Shape{random_.between(22, 44), random_.between(22, 44), random_.between(1, 3)}
            : Shape{random_.between(5, 21), random_.between(3, 23), random_.between(1, 6)};
    network_.layers.push_back({Input{}, {}, input});
  }

  Network make() {
    for (int layers = random_.between(3, 9); layers > 0; --layers) append();
    if (random_.chance(30)) append_region();
    return std::move(network_);
  }

 private:
  void append() {
    const int kind = random_.between(1, 100);
    if (kind <= 20) return append_pool(source());
    if (kind <= 40) return append_route(source());
    if (kind <= 55 && append_reorg(source())) return;
    append_convolution(source());
  }

  /// Mostly the previous layer, sometimes any earlier one.
  int source() {
    const int last = network_.size() - 1;
    return random_.chance(80) ? last : random_.between(0, last);
  }

  void add(Operation operation, std::vector<int> inputs) {
    add_layer(network_, std::move(operation), std::move(inputs), network_.name);
  }

  Window convolution_window(int extent) {
    while (true) {
      const int size = random_.pick<int>({1, 2, 3, 3, 5});
      const Window window{size, random_.between(1, 2), random_.between(0, size),
                          random_.between(0, size)};
      if (fits(window, extent)) return window;
    }
  }

  void append_convolution(int from) {
    const Shape& in = network_.layer(from).output;
    std::vector<int> divisors;
    for (int i = 1; i <= in.channels; ++i) {
      if (in.channels % i == 0) divisors.push_back(i);
    }
    const int groups = random_.chance(50) ? 1 : random_.pick(divisors);
    const int filters = groups * random_.between(1, std::max(1, 14 / groups));
    const bool pointwise = random_.chance(25);
    const Window rows = pointwise ? Window{} : convolution_window(in.rows);
    const Window cols = pointwise ? Window{} : convolution_window(in.cols);
    const auto activation = static_cast<Activation>(random_.between(0, kActivations - 1));
    add(Convolution{filters, groups, rows, cols, activation}, {from});
  }

  /// As Darknet pads, or not at all.
  Window pool_window(int extent) {
    const int size = std::min(extent, random_.between(2, 3));
    const int padding = random_.chance(75) ? size - 1 : 0;
    return {size, random_.between(1, 2), padding / 2, padding - padding / 2};
  }

  void append_pool(int from) {
    const Shape& in = network_.layer(from).output;
    add(MaxPool{pool_window(in.rows), pool_window(in.cols)}, {from});
  }

  void append_route(int first) {
    const Shape& shape = network_.layer(first).output;
    std::vector<int> alike;
    for (int i = 0; i < network_.size(); ++i) {
      const Shape& other = network_.layer(i).output;
      if (other.rows == shape.rows && other.cols == shape.cols) alike.push_back(i);
    }
    std::vector<int> inputs{first};
    int channels = shape.channels;
    for (int more = random_.between(0, 2); more > 0; --more) {
      const int next = random_.pick(alike);
      channels += network_.layer(next).output.channels;
      if (channels <= kMostChannels) inputs.push_back(next);
    }
    add(Concat{}, inputs);
  }

  bool append_reorg(int from) {
    const Shape& in = network_.layer(from).output;
    if (in.channels % 4 != 0) return false;
    if (random_.chance(40) && in.rows * 2 <= kMostPixelsAside && in.cols * 2 <= kMostPixelsAside) {
      add(Reorg{2, true}, {from});
      return true;
    }
    if (in.rows % 2 != 0 || in.cols % 2 != 0 || in.channels * 4 > kMostChannels) return false;
    add(Reorg{2, false}, {from});
    return true;
  }

  void append_region() {
    const int classes = random_.between(0, 4);
    const std::vector<Anchor> anchors(static_cast<std::size_t>(random_.between(1, 3)), {1, 2});
    const int filters = static_cast<int>(anchors.size()) * (classes + 5);
    add(Convolution{filters, 1, {}, {}, Activation::kLinear}, {network_.size() - 1});
    add(Region{classes, random_.chance(50), anchors}, {network_.size() - 1});
  }

  Random random_;
  Network network_;
};

using Axis = Interval Box::*;

/// Cuts `box` into at most `pieces` along the given axes.
std::vector<Box> cut(const Box& box, int pieces, const std::vector<Axis>& axes, Random& random) {
  std::vector<Box> list{box};
  for (int i = 1; i < pieces; ++i) {
    Box& first = list[random.index(list.size())];
    const Axis axis = random.pick(axes);
    if ((first.*axis).size() < 2) continue;
    const int at = random.between((first.*axis).begin + 1, (first.*axis).end - 1);
    Box second = first;
    (first.*axis).end = at;
    (second.*axis).begin = at;
    list.push_back(second);
  }
  return list;
}

Layout random_layout(const Layer& layer, int ranks, Random& random) {
  std::vector<Axis> axes{&Box::rows, &Box::cols};
  if (!std::holds_alternative<Region>(layer.operation)) axes.push_back(&Box::channels);
  if (random.chance(50)) axes = {random.pick(axes)};
  Layout layout = cut(whole(layer.output), random.between(1, ranks), axes, random);
  if (random.chance(25)) {
    layout.back() = hull(layout.back(), random_box(whole(layer.output), random));
    if (std::holds_alternative<Region>(layer.operation)) {
      layout.back().channels = whole(layer.output).channels;
    }
  }
  layout.resize(static_cast<std::size_t>(ranks));
  random.shuffle(layout);
  return layout;
}

Interval random_part(Interval bounds, Random& random) {
  const int begin = random.between(bounds.begin, bounds.end - 1);
  return {begin, random.between(begin + 1, bounds.end)};
}

}  // namespace

Network random_network(std::uint32_t seed) {
  return NetworkMaker(seed).make();
}

std::vector<LayerWeights> seeded_weights(const Network& network, std::uint32_t seed) {
  Random random(seed);
  std::vector<LayerWeights> all;
  for (int i = 0; i < network.size(); ++i) {
    const WeightShape shape = weight_shape(network, i);
    const auto fan_in = static_cast<float>(std::max<std::size_t>(1, shape.elements_per_filter()));
    const float limit = std::sqrt(3 / fan_in);
    all.push_back({random.reals(shape.elements(), -limit, limit),
                   random.reals(static_cast<std::size_t>(shape.filters), -0.3F, 0.3F)});
  }
  return all;
}

std::vector<float> seeded_input(const Network& network, std::uint32_t seed) {
  return Random(seed).reals(network.input_shape().elements(), -1, 1);
}

Plan random_plan(const Network& network, int ranks, std::uint32_t seed) {
  Random random(seed);
  Plan plan{Strategy::kVertical, ranks, {}};
  plan.layouts.emplace_back(static_cast<std::size_t>(ranks));
  plan.layouts.front().front() = whole(network.input_shape());
  for (int i = 1; i < network.size(); ++i) {
    plan.layouts.push_back(random_layout(network.layer(i), ranks, random));
  }
  return plan;
}

Box random_box(const Box& bounds, Random& random) {
  if (bounds.empty()) return {};
  return {random_part(bounds.rows, random), random_part(bounds.cols, random),
          random_part(bounds.channels, random)};
}

}  // namespace vpinfer
