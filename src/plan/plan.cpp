#include "vpinfer/plan/plan.hpp"

#include "vpinfer/base/error.hpp"
#include "vpinfer/base/json.hpp"

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

void check_layout(const Layout& layout, const Shape& shape, const std::string& label) {
  std::vector<Box> missing{whole(shape)};
  for (const Box& box : layout) {
    if (!whole(shape).contains(box)) {
      throw BadInput("box " + to_string(box) + " leaves " + label + " (" + to_string(shape) + ")");
    }
    missing = subtract(missing, box);
  }
  if (!missing.empty()) {
    throw BadInput("nobody owns " + to_string(missing.front()) + " of " + label);
  }
}

/// Every cell's class scores are normalised together.
void check_head(const Layout& layout, const Shape& shape, const std::string& label) {
  for (const Box& box : layout) {
    if (!box.empty() && box.channels.size() != shape.channels) {
      throw BadInput("box " + to_string(box) + " of " + label +
                     " must span all channels of a head");
    }
  }
}

void check_input(const Plan& plan, const Network& network) {
  for (int rank = 0; rank < plan.ranks; ++rank) {
    const Box wanted = rank == 0 ? whole(network.input_shape()) : Box{};
    const Box& owned = plan.owned(0, rank);
    if (owned != wanted && !(owned.empty() && wanted.empty())) {
      throw BadInput("rank 0 must own the whole input, and nobody else any of it");
    }
  }
}

Plan read_plan(const json& j, const Network& network) {
  if (const int schema = json_int(j.at("schema")); schema != kSchema) {
    throw BadInput("the plan has schema " + std::to_string(schema) +
                   ", this vpinfer reads schema " + std::to_string(kSchema));
  }
  Plan plan;
  plan.strategy = parse_strategy(j.at("strategy").get<std::string>());
  plan.ranks = json_int(j.at("ranks"));
  if (j.contains("wire")) plan.wire = parse_wire_format(j.at("wire").get<std::string>());
  for (const json& layer : j.at("layouts")) {
    Layout layout;
    for (const json& box : layer) layout.push_back(box_from_json(box));
    if (static_cast<int>(layout.size()) != plan.ranks) {
      throw BadInput("a layout of " + std::to_string(layout.size()) + " boxes does not suit " +
                     std::to_string(plan.ranks) + " ranks");
    }
    plan.layouts.push_back(std::move(layout));
  }
  if (plan.ranks < 1 || plan.layouts.size() != network.layers.size()) {
    throw BadInput("the plan is for " + std::to_string(static_cast<int>(plan.layouts.size()) - 1) +
                   " layers, the model has " + std::to_string(network.size() - 1));
  }
  for (int i = 0; i < network.size(); ++i) {
    check_layout(plan.layouts[static_cast<std::size_t>(i)], network.layer(i).output,
                 Network::label(i));
    if (is_head(network.layer(i).operation)) {
      check_head(plan.layouts[static_cast<std::size_t>(i)], network.layer(i).output,
                 Network::label(i));
    }
  }
  check_input(plan, network);
  return plan;
}

}  // namespace

std::string_view to_string(Strategy strategy) {
  switch (strategy) {
    case Strategy::kVertical: return "vertical";
    case Strategy::kData: return "data";
    case Strategy::kSequential: return "sequential";
    case Strategy::kHorizontal: return "horizontal";
    case Strategy::kSingle: return "single";
  }
  return "unknown";
}

Strategy parse_strategy(std::string_view name) {
  std::string known;
  for (const Strategy strategy : kStrategies) {
    if (to_string(strategy) == name) return strategy;
    known += known.empty() ? "" : ", ";
    known += to_string(strategy);
  }
  throw BadUsage("unknown strategy '" + std::string(name) + "'; there are " + known);
}

std::string_view to_string(WireFormat format) {
  return format == WireFormat::kHalf ? "half" : "float";
}

WireFormat parse_wire_format(std::string_view name) {
  for (const WireFormat format : {WireFormat::kFloat, WireFormat::kHalf}) {
    if (name == to_string(format)) return format;
  }
  throw BadUsage("unknown wire format '" + std::string(name) + "'; there are float, half");
}

std::size_t wire_floats(WireFormat format, std::size_t elements) {
  return format == WireFormat::kHalf ? (elements + 1) / 2 : elements;
}

Interval owned_filters(const Network& network, const Plan& plan, int position, int rank) {
  const Box& box = plan.owned(position, rank);
  if (box.empty() || weight_shape(network, position).filters == 0) return {};
  return box.channels;
}

std::size_t weights_bytes(const Network& network, const Plan& plan, int rank) {
  std::size_t floats = 0;
  for (int i = 0; i < network.size(); ++i) {
    const auto filters = static_cast<std::size_t>(owned_filters(network, plan, i, rank).size());
    floats += filters * (weight_shape(network, i).elements_per_filter() + 1);
  }
  return floats * sizeof(float);
}

std::string to_json(const Plan& plan) {
  json layouts = json::array();
  for (const Layout& layout : plan.layouts) {
    json boxes = json::array();
    for (const Box& box : layout) boxes.push_back(box_to_json(box));
    layouts.push_back(std::move(boxes));
  }
  json j{{"schema", kSchema},
         {"strategy", to_string(plan.strategy)},
         {"ranks", plan.ranks},
         {"layouts", layouts}};
  if (plan.wire != WireFormat::kFloat) j["wire"] = to_string(plan.wire);
  return j.dump();
}

Plan plan_from_json(const std::string& text, const Network& network, const std::string& where) {
  try {
    return read_plan(json::parse(text), network);
  } catch (const json::exception& e) {
    throw BadInput(where + ": the plan is damaged (" + e.what() + "); plan again");
  } catch (const Error& e) {
    throw BadInput(where + ": " + e.what());
  }
}

}  // namespace vpinfer
