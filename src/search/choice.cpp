#include "search/choice.hpp"

#include <utility>
#include <variant>

namespace vpinfer {
namespace {

template <typename... Types>
bool is_any_of(const Operation& operation) {
  return (std::holds_alternative<Types>(operation) || ...);
}

LayerPlan layer_plan(const Choice& choice, const Network& network, int position, int ranks) {
  const Layer& layer = network.layer(position);
  if (stays_on_rank_0(layer)) return divide(on_rank(0), layer.output, 0, ranks, choice.wire);
  const Division& division = choice.divisions[static_cast<std::size_t>(position)];
  if (has_divisible_sums(layer.operation)) {
    const int input_channels = network.input_shape(position, 0).channels;
    return divide(division, layer.output, input_channels, ranks, choice.wire);
  }
  Division without_sums = division;
  without_sums.channels *= std::exchange(without_sums.sums, 1);
  return divide(without_sums, layer.output, 0, ranks, choice.wire);
}

bool is_divided_alike(const Choice& a, const Choice& b, int position) {
  const auto index = static_cast<std::size_t>(position);
  return index < a.divisions.size() && index < b.divisions.size() && a.wire == b.wire &&
         !a.repeated[index] && !b.repeated[index] && a.divisions[index] == b.divisions[index];
}

}  // namespace

bool is_cheaper_repeated(const Network& network, int position) {
  const Layer& layer = network.layer(position);
  const bool enlarges = std::holds_alternative<Resample>(layer.operation) &&
                        layer.output.elements() >= network.input_shape(position, 0).elements();
  return enlarges || is_any_of<Constant, Concat, Slice, Pad, Flatten, Reorg, SpaceToDepth,
                               DepthToSpace, ShuffleChannels>(layer.operation);
}

bool stays_on_rank_0(const Layer& layer) {
  return is_any_of<Input>(layer.operation) || is_head(layer.operation);
}

bool is_divided_by_choice(const Layer& layer) {
  return is_any_of<Convolution, LocallyConnected, MaxPool, AveragePool, Attention>(layer.operation);
}

std::vector<bool> layers_with_islands(const Network& network) {
  std::vector<bool> with_islands(network.layers.size(), false);
  for (int i = 1; i < network.size(); ++i) {
    const Layer& layer = network.layer(i);
    with_islands[static_cast<std::size_t>(i)] =
        is_any_of<Island>(layer.operation) ||
        (!is_divided_by_choice(layer) && !layer.inputs.empty() &&
         with_islands[static_cast<std::size_t>(layer.inputs.front())]);
  }
  return with_islands;
}

void follow_islands(const Network& network, Choice& choice) {
  const std::vector<bool> with_islands = layers_with_islands(network);
  for (std::size_t i = 1; i < with_islands.size(); ++i) {
    if (!with_islands[i]) continue;
    const Layer& layer = network.layers[i];
    Division& division = choice.divisions[i];
    const auto first_input =
        static_cast<std::size_t>(layer.inputs.empty() ? 0 : layer.inputs.front());
    if (with_islands[first_input]) division = choice.divisions[first_input];
    division = on_rank(rank_of_largest_share(division));
  }
}

std::vector<int> layers_divided_by_choice(const Network& network) {
  std::vector<int> positions;
  for (int i = 0; i < network.size(); ++i) {
    if (is_divided_by_choice(network.layer(i))) positions.push_back(i);
  }
  return positions;
}

Choice divide_alike(const Network& network, const Division& division) {
  Choice choice{std::vector<Division>(network.layers.size(), division), {}};
  for (int i = 0; i < network.size(); ++i) {
    choice.repeated.push_back(is_cheaper_repeated(network, i));
  }
  follow_islands(network, choice);
  return choice;
}

Choice divide_alike(const Network& network, const Division& division, const Formats& formats) {
  Choice choice = divide_alike(network, division);
  choice.wire = formats.wire.value_or(choice.wire);
  choice.conv = formats.conv.value_or(choice.conv);
  return choice;
}

void own_where_read(const Demand& readers, int position, Plan& plan) {
  const Network& network = readers.network();
  Layout read;
  for (int rank = 0; rank < plan.ranks; ++rank) {
    read.push_back(readers.hull_of_needs({network, plan}, position, rank));
  }
  if (uncovered(whole(network.layer(position).output), read).empty()) {
    plan.layers[static_cast<std::size_t>(position)].owned = std::move(read);
  }
}

Plan plan_of(const Choice& choice, const Demand& readers, Strategy strategy, int ranks,
             const Choice& known_choice, const Plan& known_plan) {
  const Network& network = readers.network();
  Plan plan{strategy, ranks, {}, choice.conv};
  for (int i = 0; i < network.size(); ++i) {
    plan.layers.push_back(is_divided_alike(choice, known_choice, i)
                              ? known_plan.layer(i)
                              : layer_plan(choice, network, i, ranks));
  }
  // From the last layer to the first, because what a repeated layer reads may be repeated too.
  for (int i = network.size() - 1; i > 0; --i) {
    if (choice.repeated[static_cast<std::size_t>(i)]) own_where_read(readers, i, plan);
  }
  return plan;
}

}  // namespace vpinfer
