#pragma once

#include <span>
#include <string_view>

#include "cfg_file.hpp"
#include "vpinfer/import/darknet.hpp"

namespace vpinfer {

/// What the parser of one layer type works on: a section of a .cfg file that becomes a layer behind
/// the one at `previous`.
struct SectionBuild {
  DarknetModel& model;
  CfgSection& section;
  int previous = 0;
};

/// A layer type by the name that stands in brackets in a .cfg file.
struct DarknetLayerType {
  std::string_view name;
  void (*add)(const SectionBuild&);
  std::string_view help;  ///< what it is and which keys count
};

[[nodiscard]] std::span<const DarknetLayerType> darknet_layer_table();

/// Throws BadInput, naming the known types, if the section's is none of them.
[[nodiscard]] const DarknetLayerType& find_layer_type(const CfgSection& section,
                                                      std::span<const DarknetLayerType> known);

/// Appends the layer that a section describes, and a warning for each key that was not understood.
/// Throws BadInput.
void add_layer_of(const SectionBuild& build, std::span<const DarknetLayerType> known);

}  // namespace vpinfer
