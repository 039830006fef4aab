#include "vpinfer/plan/cost.hpp"

#include <algorithm>

#include "vpinfer/plan/geometry.hpp"

namespace vpinfer {
namespace {

/// How many operations of a matrix product take as long as an element that is read or written, and
/// as one that is copied into an unrolled receptive field.  Estimates.
constexpr double kFlopPerElement = 100;
constexpr double kFlopPerUnrolled = 10;

double unrolled_elements(const Network& network, int position, const Box& box) {
  const auto* conv = std::get_if<Convolution>(&network.layer(position).operation);
  if (conv == nullptr || (conv->rows == Window{} && conv->cols == Window{})) return 0;
  const int groups = (box.channels.size() * conv->groups + conv->filters - 1) / conv->filters;
  return static_cast<double>(box.rows.size()) * box.cols.size() * groups *
         static_cast<double>(weight_shape(network, position).elements_per_filter());
}

/// The seconds that the slowest link needs for an output's exchange; 0 if nothing moves.
double travel_seconds(const Demand& demand, const Plan& plan, int position, const Device& device) {
  const auto ranks = static_cast<std::size_t>(plan.ranks);
  std::vector<std::size_t> sent(ranks, 0);
  std::vector<std::size_t> received(ranks, 0);
  for (const Transfer& transfer : exchange(demand, plan, position)) {
    const std::size_t bytes = sizeof(float) * wire_floats(plan.wire, transfer.box.elements());
    sent[static_cast<std::size_t>(transfer.from)] += bytes;
    received[static_cast<std::size_t>(transfer.to)] += bytes;
  }
  const std::size_t most = std::max(*std::max_element(sent.begin(), sent.end()),
                                    *std::max_element(received.begin(), received.end()));
  return static_cast<double>(most) / device.link_bytes_per_second;
}

}  // namespace

double work(const Network& network, int position, const Box& box) {
  if (box.empty()) return 0;
  const Layer& layer = network.layer(position);
  double elements = static_cast<double>(box.elements());
  for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
    elements += static_cast<double>(required_input(network, position, i, box).elements());
  }
  return flop(network, position, box) + kFlopPerElement * elements +
         kFlopPerUnrolled * unrolled_elements(network, position, box);
}

double predicted_seconds(const Demand& demand, const Plan& plan, const Device& device) {
  const Network& network = demand.network();
  std::vector<double> travel;  // of every output to its readers
  double seconds = 0;
  for (int position = 0; position < network.size(); ++position) {
    double compute = 0;
    for (int rank = 0; rank < plan.ranks; ++rank) {
      compute = std::max(compute, work(network, position, plan.owned(position, rank)));
    }
    compute /= device.flop_per_second;
    double wait = 0;
    for (const int input : network.layer(position).inputs) {
      double& inputs_travel = travel[static_cast<std::size_t>(input)];
      if (inputs_travel > 0) wait += inputs_travel + device.exchange_seconds;
      inputs_travel = 0;  // its first reader waits for it
    }
    seconds += std::max(compute, wait);
    travel.push_back(travel_seconds(demand, plan, position, device));
  }
  return seconds;
}

}  // namespace vpinfer
