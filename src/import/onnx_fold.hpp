#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "import/onnx_dims.hpp"
#include "import/onnx_graph.hpp"
#include "import/onnx_node.hpp"

namespace vpinfer {

/// What folding a node works on: one whose inputs are all constants, computed at import.
struct Fold {
  const OnnxNodeReader& node;
  const std::vector<const OnnxTensor*>& inputs;

  [[nodiscard]] const OnnxTensor& input(std::size_t index) const {
    if (index >= inputs.size() || inputs[index] == nullptr) {
      node.refuse("its input number " + std::to_string(index + 1) + " is missing");
    }
    return *inputs[index];
  }
  [[nodiscard]] bool has(std::size_t index) const {
    return index < inputs.size() && inputs[index] != nullptr;
  }
  [[nodiscard]] const std::vector<std::int64_t>& integers(std::size_t index) const {
    if (input(index).is_float()) {
      node.refuse("its input number " + std::to_string(index + 1) + " must hold integers");
    }
    return input(index).integers();
  }
  /// Axes that are an attribute or, in newer operator sets, an input.
  [[nodiscard]] std::vector<std::int64_t> axes(std::size_t index) const {
    return has(index) ? integers(index) : node.integers("axes", {});
  }
};

/// Refuses a result that is too large to be a constant.
void check_size(const Fold& fold, const OnnxDims& dims);

/// A tensor whose element at each index of `dims` is that of `source` at place(index), flattened.
[[nodiscard]] OnnxTensor gather_elements(const Fold& fold, const OnnxTensor& source,
                                         const OnnxDims& dims,
                                         const std::function<std::int64_t(const OnnxDims&)>& place);

/// How far apart neighbours along each axis lie.
[[nodiscard]] OnnxDims strides_of(const OnnxDims& dims);

/// Of operators that move elements and change none.
namespace moving {

[[nodiscard]] OnnxTensor identity(const Fold& fold);
[[nodiscard]] OnnxTensor reshape(const Fold& fold);
[[nodiscard]] OnnxTensor flatten(const Fold& fold);
[[nodiscard]] OnnxTensor squeeze(const Fold& fold);
[[nodiscard]] OnnxTensor unsqueeze(const Fold& fold);
[[nodiscard]] OnnxTensor transpose(const Fold& fold);
[[nodiscard]] OnnxTensor gather(const Fold& fold);
[[nodiscard]] OnnxTensor slice(const Fold& fold);
[[nodiscard]] OnnxTensor concat(const Fold& fold);

}  // namespace moving

}  // namespace vpinfer
