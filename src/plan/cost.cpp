#include "plan/cost.hpp"

#include <algorithm>

#include "plan/geometry.hpp"

namespace vpinfer {
namespace {

/// How many operations of a convolution take as long as an element that is read or written.  An
/// estimate.
constexpr double kFlopPerElement = 100;

/// What an exchange takes: nothing if nothing moves.
struct Travel {
  double wire_seconds = 0;       ///< until the slowest link has brought everything
  double processor_seconds = 0;  ///< on the busiest rank
};

Travel travel(const Plan& plan, const std::vector<Transfer>& transfers, const Device& device) {
  if (transfers.empty()) return {};
  const auto ranks = static_cast<std::size_t>(plan.ranks);
  std::vector<std::size_t> sent(ranks, 0);
  std::vector<std::size_t> received(ranks, 0);
  for (const Transfer& transfer : transfers) {
    const std::size_t bytes = sizeof(float) * wire_floats(plan.wire, transfer.box.elements());
    sent[static_cast<std::size_t>(transfer.from)] += bytes;
    received[static_cast<std::size_t>(transfer.to)] += bytes;
  }
  std::size_t most_one_way = 0;
  std::size_t most = 0;
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    most_one_way = std::max({most_one_way, sent[rank], received[rank]});
    most = std::max(most, sent[rank] + received[rank]);
  }
  return {
      static_cast<double>(most_one_way) / device.link_bytes_per_second + device.exchange_seconds,
      static_cast<double>(most) * device.byte_seconds};
}

/// Floating-point operations for a box, or those of a direct convolution that take as long.
double operations(const Network& network, ConvolutionPath path, int position, const Box& box,
                  std::optional<int> summed_channels) {
  const auto* conv = std::get_if<Convolution>(&network.layer(position).operation);
  if (conv == nullptr) return flop(network, position, box);
  const int summed = summed_channels.value_or(network.input_shape(position, 0).channels);
  WeightRange weights{box.channels, weight_shape(network, position).range().channels};
  if (summed_channels) weights.channels = {0, summed};
  const WeightForm form = weight_form(network, path, position, weights);
  const auto algorithm = choose_algorithm(*conv, path, form, summed, box);
  return 2 * multiply_adds(*conv, algorithm, summed, box);
}

/// A rank's work for a layer, adding up partial sums included.
double work_of(const Network& network, const Plan& plan, int position, int rank) {
  const Box computed = computed_box(network, plan, position, rank);
  const std::optional<Interval> summed = plan.summed(position, rank);
  if (!summed) return work(network, plan.conv, position, computed);
  const auto added = static_cast<double>(plan.owned(position, rank).elements()) * plan.ranks;
  return work(network, plan.conv, position, computed, summed->size()) + kFlopPerElement * added;
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

double predicted_seconds(const Network& network, const Plan& plan, const Exchanges& exchanges,
                         const Device& device) {
  std::vector<Travel> outputs;  // to their readers
  double seconds = 0;
  for (int position = 0; position < network.size(); ++position) {
    double compute = 0;
    for (int rank = 0; rank < plan.ranks; ++rank) {
      compute = std::max(compute, work_of(network, plan, position, rank));
    }
    compute /= device.flop_per_second;
    double wait = 0;
    for (const int input : network.layer(position).inputs) {
      Travel& arriving = outputs[static_cast<std::size_t>(input)];
      wait += arriving.wire_seconds;
      seconds += arriving.processor_seconds;
      arriving = {};  // its first reader waits for it
    }
    seconds += compute + wait;
    if (const auto sums_of = exchanges.sums.find(position); sums_of != exchanges.sums.end()) {
      const Travel sums = travel(plan, *sums_of->second, device);
      seconds += sums.wire_seconds + sums.processor_seconds;
    }
    outputs.push_back(travel(plan, *exchanges.outputs[static_cast<std::size_t>(position)], device));
  }
  return seconds;
}

}  // namespace vpinfer
