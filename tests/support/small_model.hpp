#pragma once

#include <algorithm>
#include <array>
#include <random>

#include "net/network.hpp"
#include "vpinfer/plan.hpp"

namespace vpinfer {

/// Positions of the convolutions of `small_network`.
inline constexpr std::array<int, 3> kSmallConvolutions{1, 3, 4};

/// Three convolutions of odd extents (5 x 27, 7 x 45 and 1 x 7 numbers) around a pooling.
inline Network small_network() {
  Network network;
  network.name = "small";
  network.origin = "a test";
  network.labels = {"this", "that"};
  network.layers.push_back({Input{}, {}, {9, 8, 3}});
  const Window three{3, 1, 1, 1};
  const Window two{2, 2, 0, 1};
  const Window one{};
  add_layer(network, Convolution{5, 1, three, three, Activation::kLeaky}, {0}, "small");
  add_layer(network, MaxPool{two, two}, {1}, "small");
  add_layer(network, Convolution{7, 1, three, three, Activation::kRelu}, {2}, "small");
  add_layer(network, Convolution{1, 1, one, one, Activation::kLinear}, {3}, "small");
  return network;
}

/// Seeded weights and biases between -2 and 2, for the layer at a position.
inline LayerWeights small_model_weights(const Network& network, int position, unsigned seed) {
  std::mt19937 engine(seed * 1000 + static_cast<unsigned>(position));
  const auto number = [&] { return static_cast<float>(engine()) * 0x1p-30F - 2; };
  const WeightShape shape = weight_shape(network, position);
  LayerWeights weights{std::vector<float>(shape.elements()),
                       std::vector<float>(static_cast<std::size_t>(shape.filters))};
  std::generate(weights.weights.begin(), weights.weights.end(), number);
  std::generate(weights.biases.begin(), weights.biases.end(), number);
  return weights;
}

/// Every layer cut into shares of its channels; some are empty if there are more ranks.
inline Plan channel_shares(const Network& network, int ranks) {
  Plan plan{Strategy::kVertical, ranks, {}};
  for (int i = 0; i < network.size(); ++i) {
    Layout layout;
    for (int rank = 0; rank < ranks; ++rank) {
      Box box = whole(network.layer(i).output);
      if (i == 0) {
        if (rank != 0) box = {};
      } else {
        box.channels = share(box.channels.size(), ranks, rank);
        if (box.empty()) box = {};
      }
      layout.push_back(box);
    }
    plan.layers.push_back({std::move(layout)});
  }
  return plan;
}

}  // namespace vpinfer
