#include "tensor/operators.hpp"

#include <algorithm>

#include "tensor/call.hpp"

namespace vpinfer {
namespace {

const std::vector<OnnxComputation>& computations() {
  static const std::vector<OnnxComputation> table = [] {
    std::vector<OnnxComputation> all;
    for (const auto& part :
         {making_operators(),      reshaping_operators(),   moving_operators(),
          padding_operators(),     gathering_operators(),   choosing_operators(),
          resizing_operators(),    sampling_operators(),    pooling_operators(),
          convolution_operators(), quantising_operators(),  recurrent_operators(),
          casting_operators(),     elementwise_operators(), rounding_operators(),
          function_operators(),    activation_operators(),  reducing_operators(),
          searching_operators(),   softmax_operators(),     normalising_operators(),
          product_operators(),     einsum_operators()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return table;
}

const OnnxComputation* find_computation(std::string_view op) {
  const auto found =
      std::find_if(computations().begin(), computations().end(),
                   [&](const OnnxComputation& computation) { return computation.op == op; });
  return found == computations().end() ? nullptr : &*found;
}

}  // namespace

bool can_evaluate(std::string_view op) {
  return find_computation(op) != nullptr;
}

std::vector<OnnxTensor> evaluate(const OnnxNodeReader& node,
                                 const std::vector<const OnnxTensor*>& inputs) {
  const OnnxComputation* computation = find_computation(node.node().op);
  if (computation == nullptr) node.unsupported("this operator");
  for (const OnnxTensor* input : inputs) {
    if (input != nullptr && !has_possible_extents(input->dims)) {
      node.refuse("cannot read a tensor of " + to_string(input->dims));
    }
  }
  return computation->compute({node, inputs});
}

bool decides_sizes(std::string_view op, std::size_t input) {
  const OnnxComputation* computation = find_computation(op);
  return computation != nullptr && ((computation->sizing >> input) & 1U) != 0;
}

std::vector<std::string_view> evaluated_operators() {
  std::vector<std::string_view> names;
  for (const OnnxComputation& computation : computations()) names.push_back(computation.op);
  return names;
}

}  // namespace vpinfer
