#pragma once

#include <limits>
#include <optional>
#include <string_view>

namespace vpinfer {

/// An activation function, applied element by element.  The first fourteen are Darknet's
/// (src/activations.h), hard mish and gelu-tanh its forks', the others ONNX's.  `alpha` and `beta`
/// are the parameters of those that have some; without them a function has Darknet's, or else
/// ONNX's defaults.
struct Activation {
  enum Function {
    kLinear,
    kLogistic,
    kLoggy,
    kRelu,
    kElu,   ///< x < 0: alpha * (exp(x) - 1)
    kSelu,  ///< beta * elu(x)
    kRelie,
    kRamp,
    kLeaky,  ///< x < 0: alpha * x
    kTanh,
    kPlse,
    kStair,
    kHardtan,
    kLhtan,
    kClip,         ///< alpha <= x <= beta
    kHardSigmoid,  ///< clip(alpha * x + beta, 0, 1)
    kHardSwish,    ///< x * clip(x / 6 + 1/2, 0, 1)
    kSwish,        ///< x * logistic(x)
    kSoftplus,     ///< log(1 + exp(x))
    kMish,         ///< x * tanh(softplus(x))
    kHardMish,     ///< x * clip(x / 2 + 1, 0, 1)
    kGeluTanh,     ///< x * (1 + tanh(0.797885 x + 0.035677 x^3)) / 2
    kGelu,         ///< x * (1 + erf(x / sqrt(2))) / 2
    kErf,
    kExp,
    kLog,
    kSquareRoot,
    kReciprocal,
    kAbsolute,
    kPower,  ///< x^alpha
    kCelu,   ///< x < 0: alpha * (exp(x / alpha) - 1)
    kSoftsign,
    kFloor,
    kCeil,
    kRound,  ///< halves to even
  };

  constexpr Activation() = default;
  constexpr Activation(Function its_function)  // NOLINT(google-explicit-constructor)
      : function(its_function) {
    switch (function) {
      case kSelu: alpha = 1.6732F, beta = 1.0507F; break;
      case kLeaky: alpha = 0.1F; break;
      case kClip: alpha = kLowest, beta = -kLowest; break;
      case kHardSigmoid: alpha = 0.2F, beta = 0.5F; break;
      case kElu:
      case kPower:
      case kCelu: alpha = 1; break;
      default: break;
    }
  }
  constexpr Activation(Function its_function, float its_alpha, float its_beta = 0)
      : function(its_function), alpha(its_alpha), beta(its_beta) {}

  bool operator==(const Activation&) const = default;

  static constexpr float kLowest = std::numeric_limits<float>::lowest();

  Function function = kLinear;
  float alpha = 0;
  float beta = 0;
};

/// How many functions there are; they count from 0.
inline constexpr int kActivationFunctions = Activation::kRound + 1;

/// The name of a function (Darknet's where it has one), and back; empty if there is no such one.
[[nodiscard]] std::string_view to_string(Activation::Function function);
[[nodiscard]] std::optional<Activation::Function> parse_activation(std::string_view name);

}  // namespace vpinfer
