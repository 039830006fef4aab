#include "vpinfer/net/layer.hpp"

#include <array>

namespace vpinfer {
namespace {

struct ActivationName {
  Activation activation;
  std::string_view name;
};

constexpr std::array<ActivationName, 14> kActivationNames{{
    {Activation::kLinear, "linear"},
    {Activation::kLogistic, "logistic"},
    {Activation::kLoggy, "loggy"},
    {Activation::kRelu, "relu"},
    {Activation::kElu, "elu"},
    {Activation::kSelu, "selu"},
    {Activation::kRelie, "relie"},
    {Activation::kRamp, "ramp"},
    {Activation::kLeaky, "leaky"},
    {Activation::kTanh, "tanh"},
    {Activation::kPlse, "plse"},
    {Activation::kStair, "stair"},
    {Activation::kHardtan, "hardtan"},
    {Activation::kLhtan, "lhtan"},
}};

struct OperationName {
  std::string_view operator()(const Input&) const { return "input"; }
  std::string_view operator()(const Convolution&) const { return "convolution"; }
  std::string_view operator()(const MaxPool&) const { return "maxpool"; }
  std::string_view operator()(const Concat&) const { return "route"; }
  std::string_view operator()(const Reorg&) const { return "reorg"; }
  std::string_view operator()(const Region&) const { return "region"; }
};

}  // namespace

std::string_view to_string(Activation activation) {
  for (const ActivationName& entry : kActivationNames) {
    if (entry.activation == activation) return entry.name;
  }
  return "unknown";
}

std::optional<Activation> parse_activation(std::string_view name) {
  for (const ActivationName& entry : kActivationNames) {
    if (entry.name == name) return entry.activation;
  }
  return std::nullopt;
}

std::string_view operation_name(const Operation& operation) {
  return std::visit(OperationName{}, operation);
}

}  // namespace vpinfer
