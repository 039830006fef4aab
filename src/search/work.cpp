#include "search/work.hpp"

#include "kernel/computation.hpp"
#include "plan/geometry.hpp"

namespace vpinfer {
namespace {

/// How many operations of a convolution take as long as an element that is read or written.  An
/// estimate.
constexpr double kFlopPerElement = 100;

/// Floating-point operations for a box, or those of a direct convolution that take as long.
double operations(const Network& network, ConvolutionPath path, int position, const Box& box,
                  const std::optional<Interval>& summed) {
  const auto* conv = std::get_if<Convolution>(&network.layer(position).operation);
  if (conv == nullptr) return flop(network, position, box);
  const WeightRange weights{box.channels,
                            summed.value_or(weight_shape(network, position).range().channels)};
  Computation computation{.position = position, .box = box};
  if (summed) computation.sum = ChannelSum{*summed};
  const auto algorithm = choose_algorithm(
      network, path, weight_storage(network, path, position, weights).form, computation);
  return 2 * multiply_adds(*conv, algorithm, summed_channels(network, computation), box);
}

}  // namespace

double work(const Network& network, ConvolutionPath path, int position, const Box& box,
            const std::optional<Interval>& summed) {
  if (box.empty()) return 0;
  const Layer& layer = network.layer(position);
  double read = 0;
  for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
    Box input = required_input(network, position, i, box);
    input.channels = summed.value_or(input.channels);
    read += static_cast<double>(input.elements());
  }
  return kFlopPerElement * (static_cast<double>(box.elements()) + read) +
         operations(network, path, position, box, summed);
}

double work_of(const Distribution& distribution, int position, int rank) {
  const Network& network = distribution.network();
  const ConvolutionPath path = distribution.plan().conv;
  const Box& computed = distribution.computed(position, rank);
  const std::optional<Interval> summed = distribution.summed(position, rank);
  const double computing = work(network, path, position, computed, summed);
  if (!summed) return computing;
  const auto added =
      static_cast<double>(distribution.owned(position, rank).elements()) * distribution.ranks();
  return computing + kFlopPerElement * added;
}

}  // namespace vpinfer
