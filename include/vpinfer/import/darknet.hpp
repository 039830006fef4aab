#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "vpinfer/net/network.hpp"

namespace vpinfer {

/// A Darknet network: what its .cfg file says.
struct DarknetModel {
  Network network;
  std::set<int> batch_normalised;     ///< positions of layers
  std::set<int> connected;            ///< those of convolutions that Darknet calls connected
  std::vector<std::string> warnings;  ///< a line for each key that was ignored
};

/// A layer type that `read_darknet_cfg` understands.
struct DarknetLayerHelp {
  std::string_view name;  ///< as it stands in brackets in a .cfg file
  std::string_view help;  ///< the keys that count
};

[[nodiscard]] std::vector<DarknetLayerHelp> darknet_layers();

/// Reads a .cfg file (format: Darknet's src/parser.c; CRLF line ends are accepted).  Throws
/// BadInput naming file, line and layer.
[[nodiscard]] DarknetModel read_darknet_cfg(const std::filesystem::path& path);

/// Gives the weights of the layers that have some, to be called once per such layer in their order.
/// Weights are [filters][rows][cols][channels], batch normalisation is folded in.
using WeightSource = std::function<LayerWeights(int position)>;

/// From a Darknet .weights file.  Throws BadInput if the file's size is not what the model takes.
/// The model must outlive the source.
[[nodiscard]] WeightSource darknet_weights(const DarknetModel& model,
                                           const std::filesystem::path& path);

/// Seeded random numbers, batch-norm statistics included, scaled layer by layer so that activations
/// stay of order 1 through the whole network (He et al., Delving Deep into Rectifiers, 2015, with
/// the second moment of what actually enters each layer).  The same on every machine.  The model
/// must outlive the source.
[[nodiscard]] WeightSource random_weights(const DarknetModel& model, std::uint64_t seed);

}  // namespace vpinfer
