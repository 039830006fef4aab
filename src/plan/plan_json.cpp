#include "plan/plan_json.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "plan/plan_check.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using nlohmann::json;

constexpr int kSchema = 1;

json box_to_json(const Box& box) {
  return {box.rows.begin, box.rows.end,       box.cols.begin,
          box.cols.end,   box.channels.begin, box.channels.end};
}

Box box_from_json(const json& j) {
  const auto number = [&j](std::size_t i) { return json_int(j.at(i)); };
  return {{number(0), number(1)}, {number(2), number(3)}, {number(4), number(5)}};
}

/// One layer's shares: intervals of channels, and unless all are of the whole output, boxes.
std::vector<SumShare> read_shares(const json& layer, const Shape& output, int number) {
  std::vector<SumShare> shares;
  for (const json& share : layer.at("channels")) {
    if (share.size() != 2) {
      throw BadInput("a share of the sums of layer " + std::to_string(number) +
                     " is no pair of channels");
    }
    const Interval channels{json_int(share.at(0)), json_int(share.at(1))};
    shares.push_back({channels.empty() ? Box{} : whole(output), channels});
  }
  if (!layer.contains("boxes")) return shares;
  if (layer.at("boxes").size() != shares.size()) {
    throw BadInput("the divided sums of layer " + std::to_string(number) + " have " +
                   std::to_string(layer.at("boxes").size()) + " boxes for " +
                   std::to_string(shares.size()) + " shares");
  }
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const Box box = box_from_json(layer.at("boxes").at(i));
    if (!shares[i].channels.empty())
      shares[i] = box.empty() ? SumShare{} : SumShare{box, shares[i].channels};
  }
  return shares;
}

void read_sums(const json& list, const Network& network, Plan& plan) {
  for (const json& layer : list) {
    check_keys(layer, {"layer", "channels", "boxes"});
    const int number = json_int(layer.at("layer"));
    if (number < 0 || number >= Network::number(network.size())) {
      throw BadInput("there is no layer " + std::to_string(number) + " to divide the sums of");
    }
    const int position = Network::position(number);
    LayerPlan& divided = plan.layers[static_cast<std::size_t>(position)];
    if (divided.divides_sums()) {
      throw BadInput("the sums of layer " + std::to_string(number) + " are divided twice");
    }
    divided.sums = read_shares(layer, network.layer(position).output, number);
    check_sums(divided, network, position);
  }
}

json sums_to_json(const LayerPlan& layer, int position) {
  Box output;
  for (const Box& owned : layer.owned) output = hull(output, owned);
  json channels = json::array();
  json boxes = json::array();
  bool whole_boxes = true;
  for (const SumShare& share : layer.sums) {
    channels.push_back({share.channels.begin, share.channels.end});
    boxes.push_back(box_to_json(share.box));
    whole_boxes = whole_boxes && (share.box.empty() || share.box == output);
  }
  json j{{"layer", Network::number(position)}, {"channels", channels}};
  if (!whole_boxes) j["boxes"] = boxes;
  return j;
}

/// One name for all layers, or a list of one for each.
void read_wire(const json& names, WireFormat LayerPlan::*wire, Plan& plan) {
  const auto format = [](const json& name) { return parse_wire_format(name.get<std::string>()); };
  if (names.is_array() && names.size() != plan.layers.size()) {
    throw BadInput("there are wire formats for " + std::to_string(names.size()) + " layers, not " +
                   std::to_string(plan.layers.size()));
  }
  for (std::size_t i = 0; i < plan.layers.size(); ++i) {
    plan.layers[i].*wire = format(names.is_array() ? names.at(i) : names);
  }
}

json wire_to_json(WireFormat LayerPlan::*wire, const Plan& plan) {
  json names = json::array();
  bool alike = true;
  for (const LayerPlan& layer : plan.layers) {
    names.push_back(to_string(layer.*wire));
    alike = alike && layer.*wire == plan.layers.front().*wire;
  }
  return alike ? names.front() : names;
}

bool is_float(const LayerPlan& layer) {
  return layer.wire == WireFormat::kFloat;
}
bool has_own_sums_wire(const LayerPlan& layer) {
  return layer.sums_wire != format_of_sums(layer.wire);
}

void read_layouts(const json& layouts, const Network& network, Plan& plan) {
  for (const json& layer : layouts) {
    Layout layout;
    for (const json& box : layer) layout.push_back(box_from_json(box));
    if (static_cast<int>(layout.size()) != plan.ranks) {
      throw BadInput("a layout of " + std::to_string(layout.size()) + " boxes does not suit " +
                     std::to_string(plan.ranks) + " ranks");
    }
    plan.layers.push_back({std::move(layout)});
  }
  check_layouts(plan, network);
}

Plan read_plan(const json& j, const Network& network) {
  if (j.is_object() && j.contains("schema") && !j.at("schema").is_number()) {
    throw BadInput("is no plan; vpinfer plan -o writes one");
  }
  if (const int schema = json_int(j.at("schema")); schema != kSchema) {
    throw BadInput("the plan has schema " + std::to_string(schema) +
                   ", this vpinfer reads schema " + std::to_string(kSchema));
  }
  check_keys(j, {"schema", "strategy", "ranks", "layouts", "wire", "sums_wire", "conv", "sums"});
  Plan plan;
  plan.strategy = parse_strategy(j.at("strategy").get<std::string>());
  plan.ranks = json_int(j.at("ranks"));
  read_layouts(j.at("layouts"), network, plan);
  if (j.contains("wire")) read_wire(j.at("wire"), &LayerPlan::wire, plan);
  if (j.contains("sums_wire")) {
    read_wire(j.at("sums_wire"), &LayerPlan::sums_wire, plan);
  } else {
    for (LayerPlan& layer : plan.layers) layer.sums_wire = format_of_sums(layer.wire);
  }
  if (j.contains("conv")) plan.conv = parse_convolution_path(j.at("conv").get<std::string>());
  if (j.contains("sums")) read_sums(j.at("sums"), network, plan);
  return plan;
}

}  // namespace

std::string to_json(const Plan& plan) {
  json layouts = json::array();
  json sums = json::array();
  for (std::size_t i = 0; i < plan.layers.size(); ++i) {
    json boxes = json::array();
    for (const Box& box : plan.layers[i].owned) boxes.push_back(box_to_json(box));
    layouts.push_back(std::move(boxes));
    if (!plan.layers[i].divides_sums()) continue;
    sums.push_back(sums_to_json(plan.layers[i], static_cast<int>(i)));
  }
  json j{{"schema", kSchema},
         {"strategy", to_string(plan.strategy)},
         {"ranks", plan.ranks},
         {"layouts", layouts}};
  if (!std::all_of(plan.layers.begin(), plan.layers.end(), is_float)) {
    j["wire"] = wire_to_json(&LayerPlan::wire, plan);
  }
  if (std::any_of(plan.layers.begin(), plan.layers.end(), has_own_sums_wire)) {
    j["sums_wire"] = wire_to_json(&LayerPlan::sums_wire, plan);
  }
  if (plan.conv != ConvolutionPath::kAuto) j["conv"] = to_string(plan.conv);
  if (!sums.empty()) j["sums"] = sums;
  return j.dump();
}

Plan plan_from_json(const std::string& text, const Network& network, const std::string& where) {
  try {
    return read_plan(json::parse(text), network);
  } catch (const json::exception& e) {
    throw BadInput(where + ": the plan is damaged (" + json_complaint(e) + "); plan again");
  } catch (const Error& e) {
    throw BadInput(where + ": " + e.what());
  }
}

}  // namespace vpinfer
