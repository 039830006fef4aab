#include "net/network.hpp"

#include <algorithm>
#include <utility>

#include "net/shape_inference.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {

const Shape& Network::input_shape(int position, std::size_t index) const {
  return layer(layer(position).inputs[index]).output;
}

std::string Network::label(int position) {
  return position == 0 ? "the input" : "layer " + std::to_string(number(position));
}

void add_input(Network& network, const Shape& shape, const std::string& where) {
  check_extent(shape, where);
  network.layers.push_back({Input{}, {}, shape});
}

int add_layer(Network& network, Operation operation, std::vector<int> inputs,
              const std::string& where, std::string name) {
  if (inputs.empty() && !std::holds_alternative<Constant>(operation)) {
    throw BadInput(where + ": has no input");
  }
  std::vector<Shape> shapes;
  for (const int input : inputs) {
    if (input < 0 || input >= network.size()) {
      throw BadInput(where + ": there is no layer " + std::to_string(Network::number(input)) +
                     " before this one");
    }
    shapes.push_back(network.layer(input).output);
  }
  const Shape output = infer_shape(operation, shapes, where);
  network.layers.push_back({std::move(operation), std::move(inputs), output, std::move(name)});
  return network.size() - 1;
}

void add_output(Network& network, int position, std::string name, const std::string& where) {
  if (position < 1 || position >= network.size()) {
    throw BadInput(where + ": there is no layer " + std::to_string(Network::number(position)) +
                   " whose output it could be");
  }
  for (const NetworkOutput& other : network.outputs) {
    if (other.position == position) {
      throw BadInput(where + ": layer " + std::to_string(Network::number(position)) +
                     " is an output already");
    }
  }
  network.outputs.push_back({position, std::move(name)});
}

void add_depiction(Network& network, const Depiction& depiction, const std::string& where) {
  const std::vector<int> results = result_layers(network);
  if (!std::binary_search(results.begin(), results.end(), depiction.position)) {
    throw BadInput(where + ": what depicts something is none of the network's outputs");
  }
  for (const Depiction& other : network.depictions) {
    if (other.position == depiction.position) {
      throw BadInput(where + ": it is said twice what " + Network::label(depiction.position) +
                     " depicts");
    }
  }
  check_depiction(depiction, network.layer(depiction.position).output, where);
  network.depictions.push_back(depiction);
}

WeightShape weight_shape(const Network& network, int position) {
  const Layer& layer = network.layer(position);
  const Shape& out = layer.output;
  if (const auto* conv = std::get_if<Convolution>(&layer.operation)) {
    return {conv->filters, conv->rows.size, conv->cols.size,
            network.input_shape(position, 0).channels / conv->groups};
  }
  if (const auto* local = std::get_if<LocallyConnected>(&layer.operation)) {
    const int taps = local->rows.size * local->cols.size;
    return {local->filters, out.rows * out.cols, 1,
            taps * network.input_shape(position, 0).channels + 1};
  }
  if (std::holds_alternative<PRelu>(layer.operation)) return {out.channels, 1, 1, 1};
  if (std::holds_alternative<Constant>(layer.operation))
    return {out.channels, out.rows, out.cols, 1};
  if (const auto* sum = std::get_if<Sum>(&layer.operation); sum != nullptr && sum->weighted) {
    return {out.channels, 1, 1, static_cast<int>(layer.inputs.size())};
  }
  return {};
}

namespace {

/// Scores of all positions, and the values that they weigh, for each query.
double attention_flop(const Attention& attention, const Shape& keys, const Box& box) {
  const double positions = static_cast<double>(keys.rows) * keys.cols;
  const double queries = static_cast<double>(box.rows.size()) * box.cols.size();
  const double products =
      static_cast<double>(attention.heads_of(box.channels).size()) * attention.keys.size +
      box.channels.size();
  return 2 * queries * positions * products;
}

}  // namespace

double flop(const Network& network, int position, const Box& box) {
  const Operation& operation = network.layer(position).operation;
  if (std::holds_alternative<Constant>(operation)) return 0;
  if (const auto* island = std::get_if<Island>(&operation)) {
    return box.empty() ? 0 : island_flop(*island);
  }
  if (const auto* attention = std::get_if<Attention>(&operation)) {
    return box.empty() ? 0 : attention_flop(*attention, network.input_shape(position, 1), box);
  }
  const WeightShape shape = weight_shape(network, position);
  const bool per_pixel = std::holds_alternative<LocallyConnected>(operation);
  const auto per_element = static_cast<double>(per_pixel ? static_cast<std::size_t>(shape.channels)
                                                         : shape.elements_per_filter());
  return 2.0 * static_cast<double>(box.elements()) * per_element;
}

std::vector<int> result_layers(const Network& network) {
  std::vector<int> results;
  for (const NetworkOutput& output : network.outputs) results.push_back(output.position);
  if (results.empty()) results.push_back(network.size() - 1);
  for (int i = 0; i < network.size(); ++i) {
    if (!is_head(network.layer(i).operation)) continue;
    results.push_back(network.layer(i).inputs.front());
    results.push_back(i);
  }
  std::sort(results.begin(), results.end());
  results.erase(std::unique(results.begin(), results.end()), results.end());
  return results;
}

}  // namespace vpinfer
