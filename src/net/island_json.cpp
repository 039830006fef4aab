#include "net/island_json.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "base/json.hpp"
#include "tensor/node_reader.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

using nlohmann::json;

// JSON has no numbers that are not finite: they are words.

json number_to_json(float number) {
  if (std::isfinite(number)) return number;
  return std::isnan(number) ? "nan" : number > 0 ? "inf" : "-inf";
}

float number_from_json(const json& j) {
  if (!j.is_string()) return j.get<float>();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  if (j == "inf") return kInfinity;
  if (j == "-inf") return -kInfinity;
  return std::numeric_limits<float>::quiet_NaN();
}

json numbers_to_json(const std::vector<float>& numbers) {
  json list = json::array();
  for (const float number : numbers) list.push_back(number_to_json(number));
  return list;
}

std::vector<float> numbers_from_json(const json& j) {
  std::vector<float> numbers;
  for (const json& number : j) numbers.push_back(number_from_json(number));
  return numbers;
}

OnnxDims dims_from_json(const json& j) {
  auto dims = j.get<OnnxDims>();
  for (const std::int64_t extent : dims) {
    if (extent < 0) throw BadInput("an extent of " + std::to_string(extent) + " cannot be");
  }
  return dims;
}

constexpr std::array kIntegerTypes{"", "int8", "uint8", "int16", "uint16"};  // by OnnxIntegerType

OnnxIntegerType integer_type(const json& j) {
  const auto found = std::find(kIntegerTypes.begin() + 1, kIntegerTypes.end(), j);
  if (found == kIntegerTypes.end()) throw BadInput("a type of integers is unknown");
  return static_cast<OnnxIntegerType>(found - kIntegerTypes.begin());
}

json tensor_to_json(const OnnxTensor& tensor) {
  json object{{"dims", tensor.dims}};
  if (tensor.type != OnnxIntegerType::kAny) {
    object["type"] = kIntegerTypes[static_cast<std::size_t>(tensor.type)];
  }
  if (tensor.is_float()) {
    object["floats"] = numbers_to_json(tensor.floats());
  } else {
    object["integers"] = tensor.integers();
  }
  return object;
}

OnnxTensor tensor_from_json(const json& j) {
  OnnxTensor tensor{dims_from_json(j.at("dims")), {}};
  if (j.contains("type")) tensor.type = integer_type(j.at("type"));
  std::size_t count = 0;
  if (j.contains("floats")) {
    auto values = numbers_from_json(j.at("floats"));
    count = values.size();
    tensor.values = std::move(values);
  } else {
    auto values = j.at("integers").get<std::vector<std::int64_t>>();
    count = values.size();
    tensor.values = std::move(values);
  }
  if (static_cast<std::int64_t>(count) != count_elements(tensor.dims)) {
    throw BadInput("a tensor of " + to_string(tensor.dims) + " holds " + std::to_string(count) +
                   " numbers");
  }
  return tensor;
}

struct AttributeToJson {
  json operator()(float value) const { return {{"float", number_to_json(value)}}; }
  json operator()(std::int64_t value) const { return {{"integer", value}}; }
  json operator()(const std::string& value) const { return {{"text", value}}; }
  json operator()(const std::vector<float>& values) const {
    return {{"floats", numbers_to_json(values)}};
  }
  json operator()(const std::vector<std::int64_t>& values) const { return {{"integers", values}}; }
  json operator()(const OnnxTensor& value) const { return {{"tensor", tensor_to_json(value)}}; }
};

OnnxAttribute attribute_from_json(const json& j) {
  if (!j.is_object() || j.size() != 1) throw BadInput("an attribute is not one value");
  const std::string& kind = j.begin().key();
  const json& value = j.begin().value();
  if (kind == "float") return number_from_json(value);
  if (kind == "integer") return value.get<std::int64_t>();
  if (kind == "text") return value.get<std::string>();
  if (kind == "floats") return numbers_from_json(value);
  if (kind == "integers") return value.get<std::vector<std::int64_t>>();
  if (kind == "tensor") return tensor_from_json(value);
  throw BadInput("an attribute of kind '" + kind + "' is unknown");
}

constexpr std::array kAxisNames{"rows", "cols", "channels"};  // by Axis

json argument_to_json(const IslandArgument& argument) {
  if (argument.constant) return {{"constant", tensor_to_json(*argument.constant)}};
  if (argument.input) return {{"input", *argument.input}, {"form", form_to_json(argument.form)}};
  return json::object();
}

IslandArgument argument_from_json(const json& j) {
  IslandArgument argument;
  if (j.contains("constant")) {
    argument.constant = tensor_from_json(j.at("constant"));
  } else if (j.contains("input")) {
    argument.input = json_int(j.at("input"));
    argument.form = form_from_json(j.at("form"));
  }
  return argument;
}

}  // namespace

json form_to_json(const TensorForm& form) {
  json order = json::array();
  for (const Axis axis : form.order) order.push_back(kAxisNames[static_cast<std::size_t>(axis)]);
  return {{"dims", form.dims}, {"order", order}, {"float", form.is_float}};
}

TensorForm form_from_json(const json& object) {
  TensorForm form{dims_from_json(object.at("dims")), {}, object.at("float").get<bool>()};
  std::array<bool, kAxisNames.size()> seen{};
  for (std::size_t i = 0; i < form.order.size(); ++i) {
    for (std::size_t axis = 0; axis < kAxisNames.size(); ++axis) {
      if (object.at("order").at(i) != kAxisNames[axis]) continue;
      form.order[i] = static_cast<Axis>(axis);
      seen[axis] = true;
    }
  }
  if (seen != std::array{true, true, true}) throw BadInput("an order of axes is none");
  return form;
}

json island_to_json(const Island& island) {
  json attributes = json::object();
  for (const auto& [name, value] : island.node.attributes) {
    attributes[name] = std::visit(AttributeToJson{}, value);
  }
  json arguments = json::array();
  for (const IslandArgument& argument : island.arguments) {
    arguments.push_back(argument_to_json(argument));
  }
  return {{"operator", island.node.op},
          {"name", island.node.name},
          {"reads", island.node.inputs},
          {"gives", island.node.outputs},
          {"opset", island.opset},
          {"attributes", attributes},
          {"arguments", arguments},
          {"result", island.result},
          {"form", form_to_json(island.form)}};
}

Island island_from_json(const json& object) {
  Island island;
  island.node.op = object.at("operator").get<std::string>();
  island.node.name = object.at("name").get<std::string>();
  island.node.inputs = object.at("reads").get<std::vector<std::string>>();
  island.node.outputs = object.at("gives").get<std::vector<std::string>>();
  for (const auto& [name, value] : object.at("attributes").items()) {
    island.node.attributes.emplace(name, attribute_from_json(value));
  }
  island.opset = object.at("opset").get<std::int64_t>();
  for (const json& argument : object.at("arguments")) {
    island.arguments.push_back(argument_from_json(argument));
  }
  island.result = json_int(object.at("result"));
  island.form = form_from_json(object.at("form"));
  const auto results = static_cast<int>(island.node.outputs.size());
  if (island.arguments.empty() || island.arguments.size() != island.node.inputs.size() ||
      island.result < 0 || island.result >= results) {
    throw BadInput("an island's arguments or results are not those of its operator");
  }
  return island;
}

}  // namespace vpinfer
