#include <array>

#include "base/json.hpp"
#include "base/number_format.hpp"
#include "net/depictions_json.hpp"
#include "net/network.hpp"
#include "net/operation_json.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using nlohmann::json;

constexpr int kSchema = 3;
constexpr int kOldestSchema = 2;  // what came later has a default that changes nothing

constexpr std::array kResizes{"letterbox", "stretch", "top-left"};  // by Resize

json normalisation_to_json(const InputNormalisation& n) {
  return {{"mean", n.mean},
          {"scale", n.scale},
          {"order", n.order == ChannelOrder::kBgr ? "bgr" : "rgb"},
          {"resize", kResizes[static_cast<std::size_t>(n.resize)]},
          {"grid", n.grid == PixelGrid::kCentres ? "centres" : "corners"},
          {"fill", n.fill}};
}

/// Which of two words a JSON string is.
bool is_first(const json& j, const std::string& first, const std::string& second) {
  if (j != first && j != second)
    throw BadInput("'" + j.dump() + "' is neither " + first + " nor " + second);
  return j == first;
}

Resize resize_from_json(const json& j) {
  for (std::size_t i = 0; i < kResizes.size(); ++i) {
    if (j == kResizes[i]) return static_cast<Resize>(i);
  }
  throw BadInput("'" + j.dump() + "' is no way to resize");
}

InputNormalisation normalisation_from_json(const json& j) {
  return {j.at("mean"),
          j.at("scale"),
          is_first(j.at("order"), "bgr", "rgb") ? ChannelOrder::kBgr : ChannelOrder::kRgb,
          resize_from_json(j.at("resize")),
          is_first(j.at("grid"), "centres", "corners") ? PixelGrid::kCentres : PixelGrid::kCorners,
          j.value("fill", InputNormalisation{}.fill)};
}

NumberFormat precision_from_json(const json& j) {
  const std::string name = j.value("precision", std::string(stored_name(NumberFormat::kFloat)));
  if (const auto precision = stored_format(name)) return *precision;
  throw BadInput("'" + json(name).dump() + "' is neither float16 nor float32");
}

Network read_network(const json& j, const std::string& where) {
  if (const int schema = json_int(j.at("schema")); schema < kOldestSchema || schema > kSchema) {
    throw BadInput("its network has schema " + std::to_string(schema) +
                   ", this vpinfer reads schemas " + std::to_string(kOldestSchema) + " and " +
                   std::to_string(kSchema) + "; import the model again");
  }
  Network network;
  network.name = j.at("name");
  network.origin = j.at("origin");
  network.labels = j.at("labels").get<std::vector<std::string>>();
  network.normalisation = normalisation_from_json(j.at("normalisation"));
  network.precision = precision_from_json(j);
  if (j.contains("threshold")) network.threshold = j.at("threshold").get<float>();
  const json& input = j.at("input");
  add_input(network, {json_int(input.at(0)), json_int(input.at(1)), json_int(input.at(2))}, where);
  for (const json& layer : j.at("layers")) {
    std::vector<int> inputs;
    for (const json& input_position : layer.at("inputs")) {
      inputs.push_back(json_int(input_position));
    }
    add_layer(network, operation_from_json(layer), std::move(inputs),
              where + ": layer " + std::to_string(Network::number(network.size())),
              layer.at("name").get<std::string>());
  }
  if (network.size() < 2) throw BadInput("its network has no layers");
  for (const json& output : j.at("outputs")) {
    add_output(network, json_int(output.at("layer")), output.at("name"), where);
  }
  for (const json& depiction : j.value("depictions", json::array())) {
    add_depiction(network, depiction_from_json(depiction), where);
  }
  return network;
}

}  // namespace

std::string to_json(const Network& network) {
  json layers = json::array();
  for (int i = 1; i < network.size(); ++i) {
    const Layer& layer = network.layer(i);
    json j = operation_to_json(layer.operation);
    j["inputs"] = layer.inputs;
    j["name"] = layer.name;
    layers.push_back(std::move(j));
  }
  json outputs = json::array();
  for (const NetworkOutput& output : network.outputs) {
    outputs.push_back({{"layer", output.position}, {"name", output.name}});
  }
  const Shape& input = network.input_shape();
  json j{{"schema", kSchema},
         {"name", network.name},
         {"origin", network.origin},
         {"input", {input.rows, input.cols, input.channels}},
         {"normalisation", normalisation_to_json(network.normalisation)},
         {"labels", network.labels},
         {"layers", layers},
         {"outputs", outputs}};
  if (network.precision != NumberFormat::kFloat) j["precision"] = stored_name(network.precision);
  if (network.threshold) j["threshold"] = *network.threshold;
  for (const Depiction& depiction : network.depictions)
    j["depictions"].push_back(depiction_to_json(depiction));
  return j.dump(-1, ' ', false, json::error_handler_t::replace);  // names may be in any encoding
}

Network network_from_json(const std::string& text, const std::string& where) {
  try {
    return read_network(json::parse(text), where);
  } catch (const json::exception& e) {
    throw BadInput(where + ": its network description is damaged (" + json_complaint(e) +
                   "); import the model again");
  } catch (const BadInput& e) {
    const std::string what = e.what();
    throw BadInput(what.starts_with(where) ? what : where + ": " + what);
  }
}

}  // namespace vpinfer
