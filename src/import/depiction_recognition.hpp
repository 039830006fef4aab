#pragma once

#include <optional>

#include "import/onnx.hpp"
#include "net/depictions.hpp"

namespace vpinfer {

/// What a graph's first output shows, by the operation that it ends with and its extents, never by
/// names: a class per pixel, a picture of the size of the input or a multiple of it, or one grey
/// one.  Of colours only if it is the only output.  Nothing if that is not certain.
[[nodiscard]] std::optional<Depiction> recognise_depiction(const OnnxGraph& graph,
                                                           const OnnxModel& model);

/// What masks with so many coefficients are made of: the only output of as many channels whose
/// pixels lie over the input, two or more along each axis. Nothing if there is none, or several.
[[nodiscard]] std::optional<Depiction> recognise_prototypes(const OnnxModel& model,
                                                            int coefficients);

}  // namespace vpinfer
