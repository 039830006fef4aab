#include "vpinfer/kernel/activation.hpp"

#include <algorithm>
#include <cmath>

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

template <typename Function>
void for_each_value(float* values, std::size_t pixels, std::size_t stride,
                    std::span<const float> biases, Function function) {
  for (std::size_t pixel = 0; pixel < pixels; ++pixel, values += stride) {
    for (std::size_t i = 0; i < biases.size(); ++i) values[i] = function(values[i] + biases[i]);
  }
}

}  // namespace

void add_bias_and_activate(float* values, std::size_t pixels, std::size_t stride,
                           std::span<const float> biases, Activation activation) {
  const auto apply = [&](auto function) {
    for_each_value(values, pixels, stride, biases, function);
  };
  switch (activation) {
    case Activation::kLinear: return apply([](float x) { return x; });
    case Activation::kLogistic: return apply([](float x) { return 1 / (1 + std::exp(-x)); });
    case Activation::kLoggy: return apply([](float x) { return 2 / (1 + std::exp(-x)) - 1; });
    case Activation::kRelu: return apply([](float x) { return x > 0 ? x : 0.0F; });
    case Activation::kElu: return apply([](float x) { return x >= 0 ? x : std::exp(x) - 1; });
    case Activation::kSelu:
      return apply(
          [](float x) { return x >= 0 ? 1.0507F * x : 1.0507F * 1.6732F * (std::exp(x) - 1); });
    case Activation::kRelie: return apply([](float x) { return x > 0 ? x : 0.01F * x; });
    case Activation::kRamp: return apply([](float x) { return x > 0 ? x + 0.1F * x : 0.1F * x; });
    case Activation::kLeaky: return apply([](float x) { return x > 0 ? x : 0.1F * x; });
    case Activation::kTanh: return apply([](float x) { return std::tanh(x); });
    case Activation::kPlse: return apply(plse);
    case Activation::kStair: return apply(stair);
    case Activation::kHardtan: return apply([](float x) { return std::clamp(x, -1.0F, 1.0F); });
    case Activation::kLhtan: return apply(lhtan);
  }
}

}  // namespace vpinfer
