#include "kernel/activation.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace vpinfer {
namespace {

float stair(float x) {
  const float floor = std::floor(x);
  const bool even = std::fmod(floor, 2.0F) == 0.0F;
  return even ? std::floor(x / 2) : (x - floor) + std::floor(x / 2);
}

float plse(float x) {
  if (x < -4) return 0.01F * (x + 4);
  if (x > 4) return 0.01F * (x - 4) + 1;
  return 0.125F * x + 0.5F;
}

float lhtan(float x) {
  if (x < 0) return 0.001F * x;
  if (x > 1) return 0.001F * (x - 1) + 1;
  return x;
}

float softplus(float x) {
  return std::max(x, 0.0F) + std::log1p(std::exp(-std::abs(x)));
}

/// Squares, the most usual ones, without a call of the library.
template <typename Use>
void use_power(float exponent, const Use& use) {
  if (exponent == 2) return use([](float x) { return x * x; });
  use([=](float x) { return std::pow(x, exponent); });
}

/// Calls `use` with the function that an activation is.  All pass NaN on.
template <typename Use>
void with_function(const Activation& activation, const Use& use) {
  const float alpha = activation.alpha;
  const float beta = activation.beta;
  switch (activation.function) {
    case Activation::kLinear: return use([](float x) { return x; });
    case Activation::kLogistic: return use([](float x) { return 1 / (1 + std::exp(-x)); });
    case Activation::kLoggy: return use([](float x) { return 2 / (1 + std::exp(-x)) - 1; });
    case Activation::kRelu: return use([](float x) { return x < 0 ? 0.0F : x; });
    case Activation::kElu:
      return use([=](float x) { return x >= 0 ? x : alpha * (std::exp(x) - 1); });
    case Activation::kSelu:
      return use([=](float x) { return x >= 0 ? beta * x : beta * alpha * (std::exp(x) - 1); });
    case Activation::kRelie: return use([](float x) { return x > 0 ? x : 0.01F * x; });
    case Activation::kRamp: return use([](float x) { return x > 0 ? x + 0.1F * x : 0.1F * x; });
    case Activation::kLeaky: return use([=](float x) { return x > 0 ? x : alpha * x; });
    case Activation::kTanh: return use([](float x) { return std::tanh(x); });
    case Activation::kPlse: return use(plse);
    case Activation::kStair: return use(stair);
    case Activation::kHardtan: return use([](float x) { return std::clamp(x, -1.0F, 1.0F); });
    case Activation::kLhtan: return use(lhtan);
    case Activation::kClip: return use([=](float x) { return std::min(std::max(x, alpha), beta); });
    case Activation::kHardSigmoid:
      return use([=](float x) { return std::clamp(alpha * x + beta, 0.0F, 1.0F); });
    case Activation::kHardSwish:
      return use([](float x) { return x * std::clamp(x / 6 + 0.5F, 0.0F, 1.0F); });
    case Activation::kSwish: return use([](float x) { return x / (1 + std::exp(-x)); });
    case Activation::kSoftplus: return use(softplus);
    case Activation::kMish: return use([](float x) { return x * std::tanh(softplus(x)); });
    case Activation::kHardMish:
      return use([](float x) { return x * std::clamp(x / 2 + 1, 0.0F, 1.0F); });
    case Activation::kGeluTanh:
      return use([](float x) {
        return 0.5F * x * (1 + std::tanh(0.797885F * x + 0.035677F * x * x * x));
      });
    case Activation::kGelu:
      return use(
          [](float x) { return 0.5F * x * (1 + std::erf(x * std::numbers::sqrt2_v<float> / 2)); });
    case Activation::kErf: return use([](float x) { return std::erf(x); });
    case Activation::kExp: return use([](float x) { return std::exp(x); });
    case Activation::kLog: return use([](float x) { return std::log(x); });
    case Activation::kSquareRoot: return use([](float x) { return std::sqrt(x); });
    case Activation::kReciprocal: return use([](float x) { return 1 / x; });
    case Activation::kAbsolute: return use([](float x) { return std::abs(x); });
    case Activation::kPower: return use_power(alpha, use);
    case Activation::kCelu:
      return use([=](float x) { return x >= 0 ? x : alpha * std::expm1(x / alpha); });
    case Activation::kSoftsign: return use([](float x) { return x / (1 + std::abs(x)); });
    case Activation::kFloor: return use([](float x) { return std::floor(x); });
    case Activation::kCeil: return use([](float x) { return std::ceil(x); });
    case Activation::kRound: return use([](float x) { return std::nearbyint(x); });
  }
}

}  // namespace

void add_bias_and_activate(float* values, std::size_t pixels, std::size_t stride,
                           std::span<const float> biases, const Activation& activation) {
  with_function(activation, [=](auto function) {
    float* pixel = values;
    for (std::size_t p = 0; p < pixels; ++p, pixel += stride) {
      for (std::size_t i = 0; i < biases.size(); ++i) pixel[i] = function(pixel[i] + biases[i]);
    }
  });
}

void activate(float* values, std::size_t pixels, std::size_t stride, std::size_t channels,
              const Activation& activation) {
  if (activation.function == Activation::kLinear) return;
  with_function(activation, [=](auto function) {
    float* pixel = values;
    for (std::size_t p = 0; p < pixels; ++p, pixel += stride) {
      for (std::size_t i = 0; i < channels; ++i) pixel[i] = function(pixel[i]);
    }
  });
}

}  // namespace vpinfer
