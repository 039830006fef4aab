#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "net/network.hpp"

namespace vpinfer {

// How a .weights file holds a layer's numbers, and what must be made of them.

struct StoredConvolution {
  bool batch_normalised = false;
};
/// A convolution that Darknet calls connected: statistics come last.
struct StoredConnected {
  bool batch_normalised = false;
};
struct StoredLocal {};
/// A convolution that takes each channel by itself, of which only statistics are stored.
struct StoredBatchNorm {};
/// A trained tensor (implicit).
struct StoredConstant {};

/// What becomes of a weighted sum's weights, among the inputs.
enum class SumNormalisation { kNone, kRelu, kSoftmax };

/// One weight for each input, or for each of its channels.
struct StoredSumWeights {
  bool per_channel = false;
  SumNormalisation normalisation = SumNormalisation::kNone;
};

/// Not stored: those of another layer.
struct SharedWeights {
  int source = 0;  ///< its position
};
/// Not stored: the same taps for every filter, without a bias.
struct FixedWeights {
  std::vector<float> taps;
};

using DarknetWeights =
    std::variant<StoredConvolution, StoredConnected, StoredLocal, StoredBatchNorm, StoredConstant,
                 StoredSumWeights, SharedWeights, FixedWeights>;

/// A Darknet network: what its .cfg file says.
struct DarknetModel {
  Network network;
  std::vector<int> sections;              ///< by Darknet's number: the position of what it gives
  std::map<int, DarknetWeights> weights;  ///< of the layers with some, by position
  Resize resize = Resize::kLetterbox;     ///< of pictures, if nobody says otherwise
  std::vector<std::string> warnings;      ///< a line for each key that was ignored
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
///
/// Three programs guard batch normalisation against a variance of 0 in three ways: Darknet divides
/// by sqrt(variance) + 1e-6, its forks by sqrt(variance + 1e-5), OpenCV, whoever trained, by
/// sqrt(variance + 1e-6).  Files tell the forks by their revision, from 5 on; theirs are taken as
/// OpenCV does, all others as Darknet does, and any by sqrt(variance + epsilon) if it is given.  A
/// subnormal variance counts as 0, as in programs compiled with fast mathematics.
[[nodiscard]] WeightSource darknet_weights(const DarknetModel& model,
                                           const std::filesystem::path& path,
                                           std::optional<float> epsilon = {});

/// Seeded random numbers, batch-norm statistics included, scaled layer by layer so that activations
/// stay of order 1 through the whole network (He et al., Delving Deep into Rectifiers, 2015, with
/// the second moment of what actually enters each layer).  The same on every machine.  The model
/// must outlive the source.
[[nodiscard]] WeightSource random_weights(const DarknetModel& model, std::uint64_t seed);

}  // namespace vpinfer
