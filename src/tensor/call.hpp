#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/dims.hpp"
#include "tensor/node_reader.hpp"

namespace vpinfer {

/// What the computation of a node works on.
struct OnnxCall {
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
  [[nodiscard]] const std::vector<float>& floats(std::size_t index) const {
    if (!input(index).is_float()) {
      node.refuse("its input number " + std::to_string(index + 1) + " must hold floats");
    }
    return input(index).floats();
  }
  /// The one whole number that an input holds.
  [[nodiscard]] std::int64_t integer(std::size_t index) const {
    if (integers(index).size() != 1) {
      node.refuse("its input number " + std::to_string(index + 1) + " must hold one number");
    }
    return integers(index).front();
  }
  /// Axes that are an attribute or, in newer operator sets, an input.
  [[nodiscard]] std::vector<std::int64_t> axes(std::size_t index) const {
    return has(index) ? integers(index) : node.integers("axes", {});
  }
};

/// Whether extents are not negative and few enough for a box; beside one of 0 the others are no
/// larger than those of a result.
[[nodiscard]] bool has_possible_extents(const OnnxDims& dims);

/// Refuses a result that is too large.
void check_size(const OnnxCall& call, const OnnxDims& dims);

/// How far apart neighbours along each axis lie.
[[nodiscard]] OnnxDims strides_of(const OnnxDims& dims);

/// How an operator is computed.
struct OnnxComputation {
  std::string_view op;
  std::vector<OnnxTensor> (*compute)(const OnnxCall&);  ///< as many results as the node has outputs
  /// Of the inputs whose values, not only whose extents, decide how large the results are, a bit
  /// each.
  unsigned sizing = 0;
};

inline constexpr unsigned kEveryInput = ~0U;

/// The computation of an operator that has one result.
template <OnnxTensor (*kCompute)(const OnnxCall&)>
std::vector<OnnxTensor> one(const OnnxCall& call) {
  std::vector<OnnxTensor> results;
  results.push_back(kCompute(call));  // a list in braces would be copied
  return results;
}

// The operators, by what they do.
[[nodiscard]] std::vector<OnnxComputation> making_operators();
[[nodiscard]] std::vector<OnnxComputation> reshaping_operators();
[[nodiscard]] std::vector<OnnxComputation> moving_operators();
[[nodiscard]] std::vector<OnnxComputation> padding_operators();
[[nodiscard]] std::vector<OnnxComputation> gathering_operators();
[[nodiscard]] std::vector<OnnxComputation> choosing_operators();
[[nodiscard]] std::vector<OnnxComputation> resizing_operators();
[[nodiscard]] std::vector<OnnxComputation> sampling_operators();
[[nodiscard]] std::vector<OnnxComputation> pooling_operators();
[[nodiscard]] std::vector<OnnxComputation> convolution_operators();
[[nodiscard]] std::vector<OnnxComputation> quantising_operators();
[[nodiscard]] std::vector<OnnxComputation> recurrent_operators();
[[nodiscard]] std::vector<OnnxComputation> casting_operators();
[[nodiscard]] std::vector<OnnxComputation> elementwise_operators();
[[nodiscard]] std::vector<OnnxComputation> rounding_operators();
[[nodiscard]] std::vector<OnnxComputation> function_operators();
[[nodiscard]] std::vector<OnnxComputation> activation_operators();
[[nodiscard]] std::vector<OnnxComputation> reducing_operators();
[[nodiscard]] std::vector<OnnxComputation> searching_operators();
[[nodiscard]] std::vector<OnnxComputation> softmax_operators();
[[nodiscard]] std::vector<OnnxComputation> normalising_operators();
[[nodiscard]] std::vector<OnnxComputation> product_operators();
[[nodiscard]] std::vector<OnnxComputation> einsum_operators();

}  // namespace vpinfer
