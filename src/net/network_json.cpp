#include "vpinfer/base/error.hpp"
#include "vpinfer/base/json.hpp"
#include "vpinfer/net/network.hpp"

namespace vpinfer {
namespace {

using nlohmann::json;

constexpr int kSchema = 1;

json window_to_json(const Window& w) {
  return {w.size, w.stride, w.pad_before, w.pad_after};
}

Window window_from_json(const json& j) {
  return {json_int(j.at(0)), json_int(j.at(1)), json_int(j.at(2)), json_int(j.at(3))};
}

/// The members of an operation; its name is stored beside them.
struct WriteOperation {
  json operator()(const Input&) const { return json::object(); }
  json operator()(const Convolution& c) const {
    return {{"filters", c.filters},
            {"groups", c.groups},
            {"rows", window_to_json(c.rows)},
            {"cols", window_to_json(c.cols)},
            {"activation", to_string(c.activation)}};
  }
  json operator()(const MaxPool& p) const {
    return {{"rows", window_to_json(p.rows)}, {"cols", window_to_json(p.cols)}};
  }
  json operator()(const Concat&) const { return json::object(); }
  json operator()(const Reorg& r) const { return {{"stride", r.stride}, {"reverse", r.reverse}}; }
  json operator()(const Region& r) const {
    json anchors = json::array();
    for (const Anchor& a : r.anchors) anchors.push_back({a.width, a.height});
    return {{"classes", r.classes}, {"softmax", r.softmax}, {"anchors", anchors}};
  }
};

Activation read_activation(const json& j) {
  const std::string name = j.get<std::string>();
  if (const auto activation = parse_activation(name)) return *activation;
  throw BadInput("unknown activation '" + name + "'");
}

Operation read_operation(const json& j) {
  const std::string name = j.at("type");
  if (name == operation_name(Convolution{})) {
    return Convolution{json_int(j.at("filters")), json_int(j.at("groups")),
                       window_from_json(j.at("rows")), window_from_json(j.at("cols")),
                       read_activation(j.at("activation"))};
  }
  if (name == operation_name(MaxPool{})) {
    return MaxPool{window_from_json(j.at("rows")), window_from_json(j.at("cols"))};
  }
  if (name == operation_name(Concat{})) return Concat{};
  if (name == operation_name(Reorg{})) return Reorg{json_int(j.at("stride")), j.at("reverse")};
  if (name == operation_name(Region{})) {
    Region region{json_int(j.at("classes")), j.at("softmax"), {}};
    for (const json& a : j.at("anchors")) region.anchors.push_back({a.at(0), a.at(1)});
    return region;
  }
  throw BadInput("unknown layer type '" + name + "'; a newer vpinfer may have written it");
}

json normalisation_to_json(const InputNormalisation& n) {
  return {{"mean", n.mean},
          {"scale", n.scale},
          {"order", n.order == ChannelOrder::kBgr ? "bgr" : "rgb"},
          {"resize", n.resize == Resize::kStretch ? "stretch" : "letterbox"}};
}

/// Which of two words a JSON string is.
bool is_first(const json& j, const std::string& first, const std::string& second) {
  if (j != first && j != second)
    throw BadInput("'" + j.dump() + "' is neither " + first + " nor " + second);
  return j == first;
}

InputNormalisation normalisation_from_json(const json& j) {
  return {j.at("mean"), j.at("scale"),
          is_first(j.at("order"), "bgr", "rgb") ? ChannelOrder::kBgr : ChannelOrder::kRgb,
          is_first(j.at("resize"), "stretch", "letterbox") ? Resize::kStretch : Resize::kLetterbox};
}

Network read_network(const json& j, const std::string& where) {
  if (const int schema = json_int(j.at("schema")); schema != kSchema) {
    throw BadInput("its network has schema " + std::to_string(schema) +
                   ", this vpinfer reads schema " + std::to_string(kSchema));
  }
  Network network;
  network.name = j.at("name");
  network.origin = j.at("origin");
  network.labels = j.at("labels").get<std::vector<std::string>>();
  network.normalisation = normalisation_from_json(j.at("normalisation"));
  const json& input = j.at("input");
  add_input(network, {json_int(input.at(0)), json_int(input.at(1)), json_int(input.at(2))}, where);
  for (const json& layer : j.at("layers")) {
    std::vector<int> inputs;
    for (const json& input_position : layer.at("inputs")) {
      inputs.push_back(json_int(input_position));
    }
    add_layer(network, read_operation(layer), std::move(inputs),
              where + ": layer " + std::to_string(Network::number(network.size())));
  }
  if (network.size() < 2) throw BadInput("its network has no layers");
  return network;
}

}  // namespace

std::string to_json(const Network& network) {
  json layers = json::array();
  for (int i = 1; i < network.size(); ++i) {
    const Layer& layer = network.layer(i);
    json j = std::visit(WriteOperation{}, layer.operation);
    j["type"] = operation_name(layer.operation);
    j["inputs"] = layer.inputs;
    layers.push_back(std::move(j));
  }
  const Shape& input = network.input_shape();
  return json{{"schema", kSchema},
              {"name", network.name},
              {"origin", network.origin},
              {"input", {input.rows, input.cols, input.channels}},
              {"normalisation", normalisation_to_json(network.normalisation)},
              {"labels", network.labels},
              {"layers", layers}}
      .dump(-1, ' ', false, json::error_handler_t::replace);  // names may be in any encoding
}

Network network_from_json(const std::string& text, const std::string& where) {
  try {
    return read_network(json::parse(text), where);
  } catch (const json::exception& e) {
    throw BadInput(where + ": its network description is damaged (" + e.what() +
                   "); import the model again");
  } catch (const BadInput& e) {
    const std::string what = e.what();
    throw BadInput(what.starts_with(where) ? what : where + ": " + what);
  }
}

}  // namespace vpinfer
