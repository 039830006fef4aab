#pragma once

#include <cstdint>
#include <vector>

#include "base/cut.hpp"
#include "tensor/node_reader.hpp"

namespace vpinfer {

// How ONNX's operators change the extents of a tensor, be it a constant or computed from the
// picture. All throw BadInput, in the node's name, if what the node wants is not possible.

/// Reshape: a 0 keeps an extent, a -1 takes what is left.
[[nodiscard]] OnnxDims reshape_dims(const OnnxNodeReader& node, const OnnxDims& from,
                                    const OnnxDims& wanted);

/// Flatten, by the attribute `axis`.
[[nodiscard]] OnnxDims flatten_dims(const OnnxNodeReader& node, const OnnxDims& from);

/// Squeeze: without these axes or, if there are none, without all that have extent 1.
[[nodiscard]] OnnxDims squeeze_dims(const OnnxNodeReader& node, const OnnxDims& from,
                                    const OnnxDims& axes);

/// Unsqueeze: `axes` are those of the result.
[[nodiscard]] OnnxDims unsqueeze_dims(const OnnxNodeReader& node, const OnnxDims& from,
                                      const OnnxDims& axes);

/// What Shape gives: the extents, by the attributes `start` and `end`.
[[nodiscard]] OnnxDims shape_dims(const OnnxNodeReader& node, const OnnxDims& from);

/// Transpose, by the attribute `perm`: which axis of the input each axis of the result is.
[[nodiscard]] std::vector<std::size_t> read_permutation(const OnnxNodeReader& node,
                                                        std::size_t rank);

/// What Slice wants of some axes; `axes` and `steps` may be empty: the first ones, in steps of 1.
struct OnnxSlice {
  OnnxDims starts;
  OnnxDims ends;
  OnnxDims axes;
  OnnxDims steps;
};

/// What is left of each axis, by its position.
[[nodiscard]] std::vector<Cut> slice_cuts(const OnnxNodeReader& node, const OnnxDims& from,
                                          const OnnxSlice& slice);

}  // namespace vpinfer
