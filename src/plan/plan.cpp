#include "plan/plan.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/float_buffer.hpp"
#include "base/json.hpp"
#include "plan/geometry.hpp"
#include "plan/names.hpp"
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

/// The shares must hold every input channel once.
void check_sums(const Plan& plan, const Network& network) {
  for (const auto& [position, shares] : plan.sums) {
    if (!has_divisible_sums(network.layer(position).operation)) {
      throw BadInput("only the sums of a convolution without groups can be divided, not those of " +
                     Network::label(position));
    }
    if (static_cast<int>(shares.size()) != plan.ranks) {
      throw BadInput("the divided sums of " + Network::label(position) + " have " +
                     std::to_string(shares.size()) + " shares, which does not suit " +
                     std::to_string(plan.ranks) + " ranks");
    }
    std::vector<Interval> sorted;
    std::copy_if(shares.begin(), shares.end(), std::back_inserter(sorted),
                 [](const Interval& share) { return !share.empty(); });
    std::sort(sorted.begin(), sorted.end());
    int next = 0;
    const bool once = std::all_of(sorted.begin(), sorted.end(), [&](const Interval& share) {
      return std::exchange(next, share.end) == share.begin;
    });
    if (!once || next != network.input_shape(position, 0).channels) {
      throw BadInput("the divided sums of " + Network::label(position) +
                     " must be over every input channel once");
    }
  }
}

std::map<int, SumShares> read_sums(const json& list, const Network& network) {
  std::map<int, SumShares> sums;
  for (const json& layer : list) {
    const int number = json_int(layer.at("layer"));
    if (number < 0 || number >= Network::number(network.size())) {
      throw BadInput("there is no layer " + std::to_string(number) + " to divide the sums of");
    }
    SumShares shares;
    for (const json& share : layer.at("channels")) {
      if (share.size() != 2) {
        throw BadInput("a share of the sums of layer " + std::to_string(number) +
                       " is no pair of channels");
      }
      shares.push_back({json_int(share.at(0)), json_int(share.at(1))});
    }
    if (!sums.emplace(Network::position(number), std::move(shares)).second) {
      throw BadInput("the sums of layer " + std::to_string(number) + " are divided twice");
    }
  }
  return sums;
}

json sums_to_json(const std::map<int, SumShares>& sums) {
  json list = json::array();
  for (const auto& [position, shares] : sums) {
    json channels = json::array();
    for (const Interval& share : shares) channels.push_back({share.begin, share.end});
    list.push_back({{"layer", Network::number(position)}, {"channels", channels}});
  }
  return list;
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
  if (j.contains("conv")) plan.conv = parse_convolution_path(j.at("conv").get<std::string>());
  if (j.contains("sums")) plan.sums = read_sums(j.at("sums"), network);
  check_sums(plan, network);
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
  return parse_name("strategy", name, kStrategies);
}

std::string_view to_string(WireFormat format) {
  return format == WireFormat::kHalf ? "half" : "float";
}

WireFormat parse_wire_format(std::string_view name) {
  return parse_name("wire format", name, std::array{WireFormat::kFloat, WireFormat::kHalf});
}

std::string_view to_string(ConvolutionPath path) {
  switch (path) {
    case ConvolutionPath::kAuto: return "auto";
    case ConvolutionPath::kDirect: return "direct";
    case ConvolutionPath::kBlas: return "blas";
  }
  return "unknown";
}

ConvolutionPath parse_convolution_path(std::string_view name) {
  return parse_name(
      "way to convolve", name,
      std::array{ConvolutionPath::kAuto, ConvolutionPath::kDirect, ConvolutionPath::kBlas});
}

std::size_t wire_floats(WireFormat format, std::size_t elements) {
  return format == WireFormat::kHalf ? (elements + 1) / 2 : elements;
}

Box computed_box(const Network& network, const Plan& plan, int position, int rank) {
  const std::optional<Interval> summed = plan.summed(position, rank);
  if (!summed) return plan.owned(position, rank);
  return summed->empty() ? Box{} : whole(network.layer(position).output);
}

Box read_box(const Network& network, const Plan& plan, int position, std::size_t index, int rank) {
  Box box = required_input(network, position, index, computed_box(network, plan, position, rank));
  if (const auto summed = plan.summed(position, rank)) box.channels = *summed;
  return box;
}

WeightRange owned_weights(const Network& network, const Plan& plan, int position, int rank) {
  const Box box = hull(plan.owned(position, rank), computed_box(network, plan, position, rank));
  const WeightShape shape = weight_shape(network, position);
  if (box.empty() || shape.filters == 0) return {};
  return {box.channels, plan.summed(position, rank).value_or(shape.range().channels)};
}

WeightForm weight_form(const Network& network, ConvolutionPath path, int position,
                       const WeightRange& range) {
  const auto* conv = std::get_if<Convolution>(&network.layer(position).operation);
  if (conv == nullptr) return WeightForm::kRows;
  return weight_form(*conv, path, weight_shape(network, position).of(range), network.precision);
}

WeightForm weight_form(const Network& network, const Plan& plan, int position, int rank) {
  return weight_form(network, plan.conv, position, owned_weights(network, plan, position, rank));
}

WeightBytes weight_bytes(const Network& network, const Plan& plan, int rank) {
  WeightBytes bytes;
  for (int i = 0; i < network.size(); ++i) {
    const WeightRange owned = owned_weights(network, plan, i, rank);
    const WeightForm form = weight_form(network, plan, i, rank);
    std::size_t& of_form = form == WeightForm::kRows     ? bytes.rows
                           : form == WeightForm::kPanels ? bytes.panels
                                                         : bytes.half_panels;
    of_form += sizeof(float) * whole_lines(stored_floats(form, weight_shape(network, i).of(owned)));
    bytes.rows += sizeof(float) * whole_lines(static_cast<std::size_t>(owned.filters.size()));
  }
  return bytes;
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
  if (plan.conv != ConvolutionPath::kAuto) j["conv"] = to_string(plan.conv);
  if (!plan.sums.empty()) j["sums"] = sums_to_json(plan.sums);
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
