#include "plan/geometry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>

#include "support/random_network.hpp"
#include "support/reference.hpp"

namespace vpinfer {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

void fill(std::vector<float>& values, const Shape& shape, const Box& box, float value) {
  for (int row = box.rows.begin; row < box.rows.end; ++row) {
    for (int col = box.cols.begin; col < box.cols.end; ++col) {
      for (int channel = box.channels.begin; channel < box.channels.end; ++channel) {
        values[flat_index(shape, row, col, channel)] = value;
      }
    }
  }
}

bool equal_within(const std::vector<float>& a, const std::vector<float>& b, const Shape& shape,
                  const Box& box) {
  for (int row = box.rows.begin; row < box.rows.end; ++row) {
    for (int col = box.cols.begin; col < box.cols.end; ++col) {
      for (int channel = box.channels.begin; channel < box.channels.end; ++channel) {
        const std::size_t i = flat_index(shape, row, col, channel);
        if (a[i] != b[i]) return false;
      }
    }
  }
  return true;
}

/// The two outermost slices along each axis.
std::array<Box, 6> faces(const Box& box) {
  std::array<Box, 6> list;
  std::size_t next = 0;
  for (const auto axis : {&Box::rows, &Box::cols, &Box::channels}) {
    const Interval all = box.*axis;
    Box face = box;
    face.*axis = {all.begin, all.begin + 1};
    list[next++] = face;
    face.*axis = {all.end - 1, all.end};
    list[next++] = face;
  }
  return list;
}

/// Whether every slice of a receptive field counts: not if windows leave gaps between them, and not
/// for layers whose inputs lie far apart.
bool is_tight(const Operation& operation) {
  const auto no_gaps = [](const Window& w) { return w.size >= w.stride && w.dilation == 1; };
  if (const auto* conv = std::get_if<Convolution>(&operation)) {
    return no_gaps(conv->rows) && no_gaps(conv->cols);
  }
  if (const auto* local = std::get_if<LocallyConnected>(&operation)) {
    return no_gaps(local->rows) && no_gaps(local->cols);
  }
  return std::holds_alternative<MaxPool>(operation) ||
         std::holds_alternative<AveragePool>(operation) ||
         std::holds_alternative<Concat>(operation) || std::holds_alternative<Region>(operation);
}

/// Perturbs one layer's inputs and looks at what changes.
class Perturbation {
 public:
  explicit Perturbation(std::uint32_t seed)
      : network_(random_network(seed)), weights_(seeded_weights(network_, seed)) {
    for (Layer& layer : network_.layers) {
      // Others, such as relu, hide a change.
      Activation* activation = activation_of(layer.operation);
      if (activation != nullptr) *activation = Activation::kLinear;
    }
    outputs_ = reference_run(network_, weights_, seeded_input(network_, seed));
  }

  [[nodiscard]] const Network& network() const { return network_; }

  /// Whether `box` of a layer's output stays the same if only `kept` remains of one of its inputs.
  bool suffices(int position, std::size_t input, const Box& kept, const Box& box) {
    const Shape& shape = network_.input_shape(position, input);
    return unchanged(position, input, box, [&](std::vector<float>& values) {
      std::vector<float> changed(values.size(), kInfinity);
      for (int row = kept.rows.begin; row < kept.rows.end; ++row) {
        for (int col = kept.cols.begin; col < kept.cols.end; ++col) {
          for (int channel = kept.channels.begin; channel < kept.channels.end; ++channel) {
            const std::size_t i = flat_index(shape, row, col, channel);
            changed[i] = values[i];
          }
        }
      }
      values = changed;
    });
  }

  /// Whether `box` of a layer's output does not read `part` of one of its inputs.
  bool ignores(int position, std::size_t input, const Box& part, const Box& box) {
    const Shape& shape = network_.input_shape(position, input);
    return unchanged(position, input, box,
                     [&](std::vector<float>& values) { fill(values, shape, part, kInfinity); });
  }

 private:
  template <typename Change>
  bool unchanged(int position, std::size_t input, const Box& box, const Change& change) {
    const auto source = static_cast<std::size_t>(network_.layer(position).inputs[input]);
    const std::vector<float> before = outputs_[source];
    change(outputs_[source]);
    const std::vector<float> after =
        reference_layer(network_, position, weights_[static_cast<std::size_t>(position)], outputs_);
    outputs_[source] = before;
    return equal_within(after, outputs_[static_cast<std::size_t>(position)],
                        network_.layer(position).output, box);
  }

  Network network_;
  std::vector<LayerWeights> weights_;
  Outputs outputs_;
};

Box random_output_box(const Layer& layer, Random& random) {
  Box box = random_box(whole(layer.output), random);
  if (is_head(layer.operation)) box.channels = {0, layer.output.channels};
  return box;
}

bool reads_input_twice(const Layer& layer, int input) {
  return std::count(layer.inputs.begin(), layer.inputs.end(), input) > 1;
}

TEST(RequiredInput, IsTheReceptiveFieldByPerturbation) {
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    Perturbation perturbation(seed);
    const Network& network = perturbation.network();
    for (int position = 1; position < network.size(); ++position) {
      const Layer& layer = network.layer(position);
      for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
        if (reads_input_twice(layer, layer.inputs[i])) continue;  // each place has its own field
        SCOPED_TRACE("seed " + std::to_string(seed) + ", " +
                     std::string(operation_name(layer.operation)) + " at position " +
                     std::to_string(position) + ", input " + std::to_string(i));
        const Box box = random_output_box(layer, random);
        const Box required = required_input(network, position, i, box);
        EXPECT_TRUE(whole(network.input_shape(position, i)).contains(required));
        EXPECT_TRUE(perturbation.suffices(position, i, required, box));
        if (required.empty() || !is_tight(layer.operation)) continue;
        for (const Box& face : faces(required)) {
          EXPECT_FALSE(perturbation.ignores(position, i, face, box))
              << to_string(face) << " is not needed for " << to_string(box);
        }
      }
    }
  }
}

TEST(RequiredInput, IsMonotone) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    const Network network = random_network(seed);
    for (int position = 1; position < network.size(); ++position) {
      const Layer& layer = network.layer(position);
      const Box box = random_output_box(layer, random);
      const Box part = random_box(box, random);
      for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
        EXPECT_TRUE(required_input(network, position, i, box)
                        .contains(required_input(network, position, i, part)));
        EXPECT_TRUE(required_input(network, position, i, {}).empty());
      }
    }
  }
}

TEST(RequiredInput, OfGroupsIsTheirChannelsOnly) {
  Network network;
  network.layers.push_back({Input{}, {}, {5, 5, 6}});
  const Window window{3, 1, 1, 1};
  add_layer(network, Convolution{9, 3, window, window, Activation::kLinear}, {0}, "test");
  EXPECT_EQ(required_input(network, 1, 0, {{0, 1}, {2, 3}, {2, 4}}), (Box{{0, 2}, {1, 4}, {0, 4}}));
  EXPECT_EQ(required_input(network, 1, 0, {{4, 5}, {0, 5}, {6, 9}}), (Box{{3, 5}, {0, 5}, {4, 6}}));
}

}  // namespace
}  // namespace vpinfer
