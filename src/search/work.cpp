#include "search/work.hpp"

#include "kernel/convolution/algorithm.hpp"
#include "plan/geometry.hpp"

namespace vpinfer {
namespace {

/// How many operations of a convolution take as long as an element that is read or written.  An
/// estimate.
constexpr double kFlopPerElement = 100;

/// Floating-point operations for a box, or those of a direct convolution that take as long.
double operations(const Network& network, ConvolutionPath path, int position, const Box& box,
                  std::optional<int> summed_channels) {
  const auto* conv = std::get_if<Convolution>(&network.layer(position).operation);
  if (conv == nullptr) return flop(network, position, box);
  const int summed = summed_channels.value_or(network.input_shape(position, 0).channels);
  WeightRange weights{box.channels, weight_shape(network, position).range().channels};
  if (summed_channels) weights.channels = {0, summed};
  const WeightForm form = weight_storage(network, path, position, weights).form;
  const auto algorithm = choose_algorithm(*conv, path, form, summed, box);
  return 2 * multiply_adds(*conv, algorithm, summed, box);
}

}  // namespace

double work(const Network& network, ConvolutionPath path, int position, const Box& box,
            std::optional<int> summed_channels) {
  if (box.empty()) return 0;
  const Layer& layer = network.layer(position);
  double read = 0;
  for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
    Box input = required_input(network, position, i, box);
    if (summed_channels) input.channels = {0, *summed_channels};
    read += static_cast<double>(input.elements());
  }
  return kFlopPerElement * (static_cast<double>(box.elements()) + read) +
         operations(network, path, position, box, summed_channels);
}

double work_of(const Distribution& distribution, int position, int rank) {
  const Network& network = distribution.network();
  const ConvolutionPath path = distribution.plan().conv;
  const Box& computed = distribution.computed(position, rank);
  const std::optional<Interval> summed = distribution.summed(position, rank);
  if (!summed) return work(network, path, position, computed);
  const auto added =
      static_cast<double>(distribution.owned(position, rank).elements()) * distribution.ranks();
  return work(network, path, position, computed, summed->size()) + kFlopPerElement * added;
}

}  // namespace vpinfer
