#include "net/activation.hpp"

#include <algorithm>
#include <array>

namespace vpinfer {
namespace {

struct FunctionName {
  Activation::Function function;
  std::string_view name;
};

constexpr std::array<FunctionName, kActivationFunctions> kFunctionNames{{
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
    {Activation::kClip, "clip"},
    {Activation::kHardSigmoid, "hard-sigmoid"},
    {Activation::kHardSwish, "hard-swish"},
    {Activation::kSwish, "swish"},
    {Activation::kSoftplus, "softplus"},
    {Activation::kMish, "mish"},
    {Activation::kHardMish, "hard-mish"},
    {Activation::kGeluTanh, "gelu-tanh"},
    {Activation::kGelu, "gelu-erf"},
    {Activation::kErf, "erf"},
    {Activation::kExp, "exp"},
    {Activation::kLog, "log"},
    {Activation::kSquareRoot, "sqrt"},
    {Activation::kReciprocal, "reciprocal"},
    {Activation::kAbsolute, "abs"},
    {Activation::kPower, "power"},
    {Activation::kCelu, "celu"},
    {Activation::kSoftsign, "softsign"},
    {Activation::kFloor, "floor"},
    {Activation::kCeil, "ceil"},
    {Activation::kRound, "round"},
}};

}  // namespace

std::string_view to_string(Activation::Function function) {
  return kFunctionNames[static_cast<std::size_t>(function)].name;
}

std::optional<Activation::Function> parse_activation(std::string_view name) {
  const auto found = std::find_if(kFunctionNames.begin(), kFunctionNames.end(),
                                  [&](const FunctionName& entry) { return entry.name == name; });
  return found == kFunctionNames.end() ? std::nullopt : std::optional(found->function);
}

}  // namespace vpinfer
