#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "import/onnx_graph.hpp"

namespace vpinfer {

/// Extents, or a place in a tensor.
using Ints = std::vector<std::int64_t>;

/// A tensor in ONNX's layout, row-major, for evaluating operators by their definitions.
struct NdArray {
  Ints dims;
  std::vector<double> values;

  /// The element at `index`, counted from the last axis; an axis of extent 1 repeats its element.
  [[nodiscard]] double operator()(const Ints& index) const {
    std::size_t place = 0;
    for (std::size_t i = 0; i < dims.size(); ++i) {
      const std::int64_t at = dims[i] == 1 ? 0 : index[index.size() - dims.size() + i];
      place = place * static_cast<std::size_t>(dims[i]) + static_cast<std::size_t>(at);
    }
    return values[place];
  }
  /// Whether an index lies within the extents.
  [[nodiscard]] bool has(const Ints& index) const {
    for (std::size_t i = 0; i < dims.size(); ++i) {
      if (index[i] < 0 || index[i] >= dims[i]) return false;
    }
    return true;
  }
};

/// An array whose element at each index is element(index).
template <typename Element>
NdArray generate(const Ints& dims, const Element& element) {
  NdArray array{dims, {}};
  std::int64_t count = 1;
  for (const std::int64_t extent : dims) count *= extent;
  Ints index(dims.size(), 0);
  for (; count > 0; --count) {
    array.values.push_back(element(index));
    for (std::size_t axis = dims.size(); axis-- > 0;) {
      if (++index[axis] < dims[axis]) break;
      index[axis] = 0;
    }
  }
  return array;
}

/// Calls visit(index) for every place of a tensor.
template <typename Visit>
void for_each_index(const Ints& dims, const Visit& visit) {
  (void)generate(dims, [&](const Ints& index) { return visit(index), 0.0; });
}

inline NdArray nd_array(const OnnxTensor& tensor) {
  return {tensor.dims, {tensor.floats().begin(), tensor.floats().end()}};
}

}  // namespace vpinfer
