#pragma once

#include <optional>
#include <vector>

#include "import/onnx_builder.hpp"

namespace vpinfer {

/// For each axis of a tensor the axes of its box that it runs through, slowest first; those of
/// extent 1 are left out.  [1, H * W, C] of a picture: none, rows and columns, channels.
using AxisRuns = std::vector<std::vector<Axis>>;

/// Empty if an axis is no whole number of axes of the box.
[[nodiscard]] std::optional<AxisRuns> runs_of(const OnnxBuilder& builder, const FeatureMap& map);

/// The order of a box's axes when they are run through in turn; those left out come last.
[[nodiscard]] AxisOrder order_of_runs(const AxisRuns& runs);

/// The elementwise combination of two tensors that are broadcast along axes of their boxes; empty
/// if their axes run through different ones.
[[nodiscard]] std::optional<FeatureMap> combine_alike(OnnxBuilder& builder,
                                                      const OnnxNodeReader& node,
                                                      Arithmetic function, FeatureMap a,
                                                      FeatureMap b);

/// A constant, broadcast with a tensor, as one number or one per channel of the box; empty if it is
/// neither.
[[nodiscard]] std::optional<std::vector<float>> per_channel(const OnnxBuilder& builder,
                                                            const FeatureMap& map,
                                                            const OnnxTensor& constant);

/// A constant as a layer that is broadcast with a tensor's box; empty if that cannot be, or
/// enlarges the tensor.
[[nodiscard]] std::optional<FeatureMap> layer_beside(OnnxBuilder& builder,
                                                     const OnnxNodeReader& node,
                                                     const FeatureMap& map,
                                                     const OnnxTensor& constant);

}  // namespace vpinfer
