#pragma once

#include <vector>

#include "import/onnx_builder.hpp"

namespace vpinfer {

/// Axes of a box whose elements are taken together.
struct BoxAxes {
  bool rows = false;
  bool cols = false;
  bool channels = false;
  int groups = 1;  ///< of channels, each on its own
};

/// The axes of a tensor's box that some of its axes run through.  Throws Unsupported if they are
/// parts of such.
[[nodiscard]] BoxAxes box_axes_of(const OnnxBuilder& builder, const OnnxNodeReader& node,
                                  const FeatureMap& map, const std::vector<bool>& axes);

// Layers of extent 1 along the axes, or of one channel for each of those in a group.  Columns come
// first: what is left of each row is little to move to where the rows meet.

/// Adds the mean of a layer's elements; returns its position.
[[nodiscard]] int add_mean(OnnxBuilder& builder, const OnnxNodeReader& node, int position,
                           const BoxAxes& axes);
/// Adds the largest element of rows and columns.
[[nodiscard]] int add_largest(OnnxBuilder& builder, const OnnxNodeReader& node, int position,
                              const BoxAxes& axes);

/// Adds activation(scale * x + shift).
[[nodiscard]] int add_scaled(OnnxBuilder& builder, const OnnxNodeReader& node, int position,
                             float scale, float shift, const Activation& activation = {});

}  // namespace vpinfer
