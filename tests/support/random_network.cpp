#include "support/random_network.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>

#include "search/division.hpp"

namespace vpinfer {
namespace {

constexpr int kMostChannels = 48;
constexpr int kMostPixelsAside = 46;

bool fits(const Window& window, int extent) {
  return extent + window.pad_before + window.pad_after >= window.reach();
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
    for (int layers = random_.between(3, 10); layers > 0; --layers) append();
    if (random_.chance(40)) append_head();
    if (random_.chance(20)) add_output(network_, random_.between(1, network_.size() - 1), "", "");
    return std::move(network_);
  }

 private:
  void append() {
    const int from = source();
    switch (random_.between(1, 26)) {
      case 1:
      case 2: return append_pool(from);
      case 3: return append_average_pool(from);
      case 4:
      case 5: return append_route(from);
      case 6:
      case 7: return append_rearrangement(from);
      case 8: return append_elementwise(from);
      case 9:
      case 10: return append_shortcut(from);
      case 11: return add(Activate{activation()}, {from});
      case 12: return add(PRelu{}, {from});
      case 13: return append_softmax(from);
      case 14: return append_slice(from);
      case 15: return append_pad(from);
      case 16: return append_resample(from);
      case 17: return append_local(from);
      case 18: return append_constant(from);
      case 19: return append_connected(from);
      case 20: return append_sum(from);
      case 25: return append_attention(from);
      case 26: return append_island(from);
      default: return append_convolution(from);
    }
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
                          random_.between(0, size), random_.chance(15) ? 2 : 1};
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
    const int filters = groups * random_.between(1, std::max(1, most_filters() / groups));
    const bool pointwise = random_.chance(25);
    const Window rows = pointwise ? Window{} : convolution_window(in.rows);
    const Window cols = pointwise ? Window{} : convolution_window(in.cols);
    add(Convolution{filters, groups, rows, cols, activation()}, {from});
  }

  /// Few, or enough for several panels of the micro-kernel.
  int most_filters() { return random_.chance(10) ? 40 : 14; }

  Activation activation() {
    // The later ones are not for all numbers, or grow too fast.
    const auto function = static_cast<Activation::Function>(random_.between(0, Activation::kErf));
    return function == Activation::kClip ? Activation(function, -0.5F, 0.75F) : function;
  }

  void append_connected(int from) {
    const Shape& in = network_.layer(from).output;
    add(Convolution{random_.between(1, most_filters()), 1, Window{in.rows}, Window{in.cols},
                    activation()},
        {from});
  }

  void append_local(int from) {
    const Shape& in = network_.layer(from).output;
    const auto window = [&](int extent) {
      const int size = std::min(extent, random_.between(1, 3));
      return Window{size, random_.between(1, 2), random_.between(0, 1), random_.between(0, 1)};
    };
    const Window rows = window(in.rows);
    const Window cols = window(in.cols);
    add(LocallyConnected{random_.between(1, 5), rows, cols, activation()}, {from});
  }

  /// As Darknet pads, or not at all.
  Window pool_window(int extent) {
    const int size = std::min(extent, random_.between(2, 3));
    const int padding = random_.chance(75) ? size - 1 : 0;
    const int overhang = random_.chance(25) ? size - 1 - (padding - padding / 2) : 0;
    return {size, random_.between(1, 2), padding / 2, padding - padding / 2, 1, overhang};
  }

  void append_pool(int from) {
    const Shape& in = network_.layer(from).output;
    add(MaxPool{pool_window(in.rows), pool_window(in.cols)}, {from});
  }

  void append_average_pool(int from) {
    const Shape& in = network_.layer(from).output;
    if (random_.chance(30)) return add(AveragePool{Window{in.rows}, Window{in.cols}}, {from});
    add(AveragePool{pool_window(in.rows), pool_window(in.cols), random_.chance(50)}, {from});
  }

  /// Two earlier layers that can be combined, or one and a part of itself.
  void append_elementwise(int from) {
    // Not division: the reference would amplify the noise of numbers near 0.
    const auto function =
        random_.pick<Arithmetic>({Arithmetic::kAdd, Arithmetic::kSubtract, Arithmetic::kMultiply,
                                  Arithmetic::kMaximum, Arithmetic::kMinimum});
    const Shape& in = network_.layer(from).output;
    int other = random_.between(0, network_.size() - 1);
    const auto fits = [](int a, int b) { return a == b || a == 1 || b == 1; };
    const Shape& shape = network_.layer(other).output;
    if (!fits(in.rows, shape.rows) || !fits(in.cols, shape.cols) ||
        !fits(in.channels, shape.channels)) {
      // As squeeze-and-excite does.
      add(AveragePool{Window{in.rows}, Window{in.cols}}, {from});
      other = network_.size() - 1;
    }
    const bool swap = random_.chance(50);
    add(Elementwise{function, activation()}, {swap ? other : from, swap ? from : other});
  }

  void append_shortcut(int from) {
    const Shape in = network_.layer(from).output;
    std::vector<int> others;
    for (int i = 0; i < network_.size(); ++i) {
      const Shape& shape = network_.layer(i).output;
      if (std::max(1, shape.rows / in.rows) == std::max(1, shape.cols / in.cols) &&
          std::max(1, in.rows / shape.rows) == std::max(1, in.cols / shape.cols)) {
        others.push_back(i);
      }
    }
    add(Shortcut{random_.chance(50) ? 1.0F : 0.5F, random_.chance(50) ? 1.0F : 0.25F, activation()},
        {from, random_.pick(others)});
  }

  /// Of all layers that fit, or some.
  void append_sum(int from) {
    const Shape in = network_.layer(from).output;
    std::vector<int> inputs{from};
    for (int i = 0; i < network_.size(); ++i) {
      const Shape& shape = network_.layer(i).output;
      if (shape.rows == in.rows && shape.cols == in.cols && random_.chance(70)) inputs.push_back(i);
    }
    add(Sum{random_.chance(60), activation()}, std::move(inputs));
  }

  void append_softmax(int from) {
    const int channels = network_.layer(from).output.channels;
    Softmax softmax{1, random_.chance(40), random_.chance(40), random_.chance(50) ? 1.0F : 2.0F};
    if (channels % 2 == 0 && random_.chance(30)) softmax.groups = 2;
    if (softmax.groups == 1 && random_.chance(30)) softmax.tree = tree(channels);
    add(softmax, {from});
  }

  /// Up to three roots, then pairs of siblings.
  static std::vector<int> tree(int classes) {
    std::vector<int> parents;
    for (int i = 0; i < classes; ++i) parents.push_back(i < 3 ? -1 : (i - 3) / 2);
    return parents;
  }

  Cut part(int extent) {
    const int step = random_.chance(70) ? 1 : 2;
    const int size = random_.between(1, (extent - 1) / step + 1);
    const int begin = random_.between(0, extent - 1 - (size - 1) * step);
    if (random_.chance(20)) return {begin + (size - 1) * step, size, -step};
    return {begin, size, step};
  }

  void append_slice(int from) {
    const Shape& in = network_.layer(from).output;
    const Cut rows = part(in.rows);
    const Cut cols = part(in.cols);
    add(Slice{rows, cols, part(in.channels), random_.chance(50) ? 1.0F : 2.0F,
              random_.chance(50) ? 0.0F : -1.0F},
        {from});
  }

  void append_pad(int from) {
    const Shape& in = network_.layer(from).output;
    const auto mode =
        random_.pick<PadMode>({PadMode::kConstant, PadMode::kEdge, PadMode::kReflect});
    const auto padding = [&](int extent) {
      const int most = mode == PadMode::kReflect ? std::min(3, extent - 1) : 3;
      return Padding{random_.between(0, most), random_.between(0, most)};
    };
    const Padding rows = padding(in.rows);
    const Padding cols = padding(in.cols);
    add(Pad{rows, cols, random_.chance(30) ? padding(in.channels) : Padding{}, mode, 0.25F},
        {from});
  }

  void append_resample(int from) {
    const Shape& in = network_.layer(from).output;
    const auto interpolation = random_.pick<Interpolation>(
        {Interpolation::kLinear, Interpolation::kNearestFloor, Interpolation::kNearestCeil,
         Interpolation::kNearestHalfDown, Interpolation::kNearestHalfUp});
    const float offset = random_.chance(50) ? 0.5F : 0;
    const auto sampling = [&](int extent) {
      const int size = random_.between(1, std::min(kMostPixelsAside, 3 * extent));
      return Sampling{size, static_cast<float>(size) / static_cast<float>(extent), offset, offset};
    };
    const Sampling rows = sampling(in.rows);
    add(Resample{rows, sampling(in.cols), interpolation, random_.chance(80) ? 1.0F : 2.0F,
                 random_.chance(20), 0.5F},
        {from});
  }

  void append_constant(int beside) {
    const Shape shape = network_.layer(beside).output;
    add(Constant{{random_.chance(50) ? 1 : shape.rows, shape.cols, shape.channels}}, {});
    add(Elementwise{Arithmetic::kAdd, Activation::kLinear}, {beside, network_.size() - 1});
  }

  void append_rearrangement(int from) {
    const Shape in = network_.layer(from).output;
    const bool small = in.rows * 2 <= kMostPixelsAside && in.cols * 2 <= kMostPixelsAside;
    const bool even = in.rows % 2 == 0 && in.cols % 2 == 0 && in.channels * 4 <= kMostChannels;
    const int kind = random_.between(1, 5);
    if (kind == 1 && in.channels % 4 == 0 && small) {
      const auto order =
          random_.chance(50) ? DepthOrder::kDepthColumnRow : DepthOrder::kColumnRowDepth;
      return add(DepthToSpace{2, random_.between(1, 2), order}, {from});
    }
    if (kind == 2 && even) return add(SpaceToDepth{random_.between(1, 2), 2}, {from});
    if (kind == 4 && in.channels % 3 == 0) return add(ShuffleChannels{3}, {from});
    if (kind == 3 && in.elements() <= 512) return add(Flatten{random_.between(0, 2)}, {from});
    if (append_reorg(from)) return;
    append_convolution(from);
  }

  void append_route(int first) {
    const Shape& shape = network_.layer(first).output;
    if (random_.chance(20) && 2 * std::max(shape.rows, shape.cols) <= kMostPixelsAside) {
      return add(Concat{random_.chance(50) ? Axis::kRows : Axis::kCols}, {first, first});
    }
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

  /// The picture about its diagonal, as an operator that no layer expresses.
  void append_island(int from) {
    const Shape& in = network_.layer(from).output;
    if (in.rows > kMostPixelsAside || in.cols > kMostPixelsAside) return append_convolution(from);
    OnnxNode node{"Transpose", "", "turn", {"x"}, {"y"}, {}, {}};
    node.attributes["perm"] = std::vector<std::int64_t>{0, 1, 3, 2};
    add(Island{node,
               13,
               {{0, {{1, in.channels, in.rows, in.cols}, kChannelsFirst}, {}}},
               0,
               {{1, in.channels, in.cols, in.rows}, kChannelsFirst}},
        {from});
  }

  /// To any earlier layer; heads stand side by side or overlap.
  void append_attention(int from) {
    const int other = source();
    const int queries = network_.layer(from).output.channels;
    const int keys = network_.layer(other).output.channels;
    const int heads = random_.between(1, std::min({3, queries, keys}));
    const int size = random_.between(1, std::min(queries, keys) / heads);
    const auto channels = [&](int all, int each) {
      const int stride = random_.chance(70) || heads == 1 ? each : (all - each) / (heads - 1);
      const int begin = random_.between(0, all - (heads - 1) * stride - each);
      return HeadChannels{begin, stride, each};
    };
    const int values = random_.between(1, keys / heads);
    add(Attention{heads, random_.real(0.1F, 1), channels(queries, size), channels(keys, size),
                  channels(keys, values)},
        {from, other, other});
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

  void append_head() {
    const int before = network_.size() - 1;
    const auto append = [&](int filters, Operation head) {
      add(Convolution{filters, 1, {}, {}, Activation::kLinear}, {before});
      add(std::move(head), {network_.size() - 1});
    };
    const int kind = random_.between(1, 5);
    if (kind == 1) {
      const NanoDet head{random_.between(1, 4), random_.between(1, 5), 8};
      return append(head.channels(), head);
    }
    if (kind == 2) {
      const GridHead head{2, random_.between(1, 2), random_.between(0, 3), random_.chance(50)};
      const Shape& in = network_.layer(before).output;
      add(Convolution{4 * (head.classes + 5 * head.boxes), 1, Window{in.rows}, Window{in.cols}},
          {before});
      return add(head, {network_.size() - 1});
    }
    Region region{random_.between(0, 4), random_.chance(50), {}, {}, {}};
    region.anchors.resize(static_cast<std::size_t>(random_.between(1, 3)), {1, 2});
    if (random_.chance(30)) region.tree = tree(region.classes);
    region.coding = random_.pick<BoxCoding>(
        {BoxCoding::kExponential, BoxCoding::kSquare, BoxCoding::kGaussian});
    region.stretch = random_.chance(50) ? 1.0F : 1.5F;
    append(static_cast<int>(region.anchors.size()) * region.channels_per_anchor(), region);
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

/// Partial sums of the whole output over random shares of the input's channels.
std::vector<SumShare> random_shares(const Shape& output, const Shape& input, int ranks,
                                    Random& random) {
  std::vector<SumShare> shares;
  for (const Box& box : cut(whole(input), random.between(1, ranks), {&Box::channels}, random)) {
    shares.push_back({box.empty() ? Box{} : whole(output), box.channels});
  }
  shares.resize(static_cast<std::size_t>(ranks));
  random.shuffle(shares);
  return shares;
}

/// A grid over some of the ranks, with shares as uneven as can be.
Division random_division(int ranks, bool divisible, Random& random) {
  Division division;
  const auto extent = [&](int most) {
    const int cells = division.rows * division.cols * division.channels * division.sums;
    return random.between(1, std::min(most, ranks / cells));
  };
  if (divisible) division.sums = extent(3);
  division.rows = extent(3);
  division.cols = extent(2);
  division.channels = extent(3);
  std::vector<int> order(static_cast<std::size_t>(ranks));
  std::iota(order.begin(), order.end(), 0);
  random.shuffle(order);
  order.resize(
      static_cast<std::size_t>(division.rows * division.cols * division.channels * division.sums));
  division.ranks = order;
  for (std::size_t i = 0; i < order.size(); ++i) {
    division.proportions.push_back(random.chance(25) ? 0 : random.real(0.05F, 3));
  }
  division.proportions[random.index(order.size())] = 1;  // somebody gets something
  return division;
}

/// A layer cut by such a grid.
LayerPlan random_grid(const Network& network, int position, int ranks, Random& random) {
  const Layer& layer = network.layer(position);
  const bool divisible = has_divisible_sums(layer.operation);
  const Division division = random_division(ranks, divisible, random);
  const int input_channels = divisible ? network.input_shape(position, 0).channels : 0;
  return divide(division, layer.output, input_channels, ranks, WireFormat::kFloat);
}

/// Nothing yet but the input, on rank 0.
Plan plan_of_input(const Network& network, int ranks) {
  Plan plan{Strategy::kVertical, ranks, {}};
  plan.layers.push_back({Layout(static_cast<std::size_t>(ranks))});
  plan.layers.front().owned.front() = whole(network.input_shape());
  return plan;
}

Layout random_layout(const Layer& layer, int ranks, Random& random) {
  std::vector<Axis> axes{&Box::rows, &Box::cols};
  if (!is_head(layer.operation)) axes.push_back(&Box::channels);
  if (random.chance(50)) axes = {random.pick(axes)};
  Layout layout = cut(whole(layer.output), random.between(1, ranks), axes, random);
  if (random.chance(25)) {
    layout.back() = hull(layout.back(), random_box(whole(layer.output), random));
    if (is_head(layer.operation)) {
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
  Plan plan = plan_of_input(network, ranks);
  for (int i = 1; i < network.size(); ++i) {
    const Layer& layer = network.layer(i);
    if (!is_head(layer.operation) && random.chance(30)) {
      plan.layers.push_back(random_grid(network, i, ranks, random));
      continue;
    }
    plan.layers.push_back({random_layout(layer, ranks, random)});
    if (!has_divisible_sums(layer.operation) || random.chance(50)) continue;
    plan.layers.back().sums = random_shares(layer.output, network.input_shape(i, 0), ranks, random);
  }
  return plan;
}

Plan random_grids(const Network& network, int ranks, std::uint32_t seed) {
  Random random(seed);
  Plan plan = plan_of_input(network, ranks);
  for (int i = 1; i < network.size(); ++i) {
    const Layer& layer = network.layer(i);
    if (is_head(layer.operation)) {
      plan.layers.push_back(divide(on_rank(0), layer.output, 0, ranks, WireFormat::kFloat));
    } else {
      plan.layers.push_back(random_grid(network, i, ranks, random));
    }
  }
  return plan;
}

Box random_box(const Box& bounds, Random& random) {
  if (bounds.empty()) return {};
  return {random_part(bounds.rows, random), random_part(bounds.cols, random),
          random_part(bounds.channels, random)};
}

}  // namespace vpinfer
