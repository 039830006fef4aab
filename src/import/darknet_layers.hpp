#pragma once

#include <span>
#include <string_view>

#include "import/darknet_build.hpp"

namespace vpinfer {

/// A key that the parsers of Darknet or its forks read and that would change the result.
struct UnsupportedKey {
  std::string_view key;
  std::string_view effect;  ///< what the result would be like
};

/// A layer type by the name that stands in brackets in a .cfg file, in lower case.
struct DarknetLayerType {
  std::string_view name;
  void (*add)(const SectionBuild&);
  std::string_view help;  ///< what it is and which keys count
  std::span<const UnsupportedKey> unsupported{};
};

[[nodiscard]] std::span<const DarknetLayerType> darknet_layer_table();

/// Throws BadInput, naming the known types, if the section's is none of them.
[[nodiscard]] const DarknetLayerType& find_layer_type(const CfgSection& section,
                                                      std::span<const DarknetLayerType> known);

/// Appends what a section describes, and a warning for each key that no parser knows.  Throws
/// BadInput, for a key that is not supported with what it would change.
void add_layer_of(const SectionBuild& build, std::span<const DarknetLayerType> known);

// The types, by what they do.

void add_convolution(const SectionBuild& build);
void add_connected(const SectionBuild& build);
void add_local(const SectionBuild& build);
void add_batch_norm(const SectionBuild& build);
void add_implicit(const SectionBuild& build);

void add_max_pool(const SectionBuild& build);
void add_local_average_pool(const SectionBuild& build);
void add_average_pool(const SectionBuild& build);

void add_route(const SectionBuild& build);
void add_shortcut(const SectionBuild& build);
void add_scale_channels(const SectionBuild& build);
void add_attention(const SectionBuild& build);
void add_shift_channels(const SectionBuild& build);
void add_control_channels(const SectionBuild& build);

void add_upsample(const SectionBuild& build);
void add_reorg(const SectionBuild& build);
void add_reorg_3d(const SectionBuild& build);
void add_crop(const SectionBuild& build);
void add_activation(const SectionBuild& build);
/// What only matters for training passes its input on.
void add_identity(const SectionBuild& build);

void add_softmax(const SectionBuild& build);
void add_region(const SectionBuild& build);
void add_yolo(const SectionBuild& build);
void add_gaussian_yolo(const SectionBuild& build);
void add_detection(const SectionBuild& build);

}  // namespace vpinfer
