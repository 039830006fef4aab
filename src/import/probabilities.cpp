#include "import/probabilities.hpp"

#include <algorithm>
#include <vector>

namespace vpinfer {
namespace {

/// Whether a layer gives its inputs' elements, means of them, or little else.
bool passes_on(const Network& network, const Layer& layer) {
  if (const auto* conv = std::get_if<Convolution>(&layer.operation)) {
    const int channels = network.layer(layer.inputs.front()).output.channels;
    const bool multiplies_each_channel = conv->groups == channels && conv->filters == channels;
    return multiplies_each_channel && conv->rows == Window{} && conv->cols == Window{};
  }
  return !std::holds_alternative<LocallyConnected>(layer.operation);
}

}  // namespace

bool gives_sigmoids(const Operation& operation) {
  const Activation* activation = activation_of(operation);
  return activation != nullptr && (activation->function == Activation::kLogistic ||
                                   activation->function == Activation::kHardSigmoid);
}

bool gives_probabilities(const Operation& operation) {
  if (std::holds_alternative<Softmax>(operation) || gives_sigmoids(operation)) return true;
  const Activation* activation = activation_of(operation);
  return activation != nullptr && activation->function == Activation::kClip &&
         activation->alpha >= 0 && activation->beta <= 1;
}

bool comes_from(const Network& network, int position, bool (*is_such)(const Operation& operation)) {
  std::vector<bool> comes;
  for (int i = 0; i <= position; ++i) {
    const Layer& layer = network.layer(i);
    const auto input_comes = [&](int input) { return comes[static_cast<std::size_t>(input)]; };
    const auto adds_nothing = [&](int input) {
      return input_comes(input) || std::holds_alternative<Constant>(network.layer(input).operation);
    };
    const bool some = std::any_of(layer.inputs.begin(), layer.inputs.end(), input_comes);
    const bool alone = std::holds_alternative<Concat>(layer.operation) ||
                       std::all_of(layer.inputs.begin(), layer.inputs.end(), adds_nothing);
    comes.push_back(is_such(layer.operation) || (some && alone && passes_on(network, layer)));
  }
  return comes.back();
}

}  // namespace vpinfer
