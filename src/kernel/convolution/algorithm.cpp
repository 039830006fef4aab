#include "kernel/convolution/algorithm.hpp"

#include <algorithm>
#include <array>

#include "kernel/convolution/winograd.hpp"

namespace vpinfer {
namespace {

// Each tap takes a pointer per pixel: a window of many taps is better unrolled.
constexpr int kMostTaps = 128;

/// Whether Winograd's algorithms for 3x3 windows can compute it.
bool is_3x3(const Convolution& conv) {
  const auto fits = [](const Window& window) {
    return window.size == 3 && window.stride == 1 && window.dilation == 1;
  };
  return fits(conv.rows) && fits(conv.cols);
}

}  // namespace

WeightStorage weight_storage(const Convolution& conv, ConvolutionPath path,
                             const WeightShape& slice, NumberFormat precision) {
  // So few weights of a filter are much work to unroll for BLAS, and little memory.
  constexpr std::size_t kFewWeights = 1024;
  const int packed = packed_filters(slice.filters);
  const bool full_enough =
      2 * packed <= 3 * slice.filters ||
      (packed <= 2 * slice.filters && slice.elements_per_filter() <= kFewWeights);
  if (path == ConvolutionPath::kBlas || conv.groups > 1 || !full_enough ||
      conv.taps() > kMostTaps) {
    return {};
  }
  return {WeightForm::kPanels, precision};
}

std::span<const ConvolutionAlgorithm> algorithms_for(const Convolution& conv, WeightForm form) {
  using enum ConvolutionAlgorithm;
  static constexpr std::array kOfRows{kPlain};
  static constexpr std::array kOfPanels{kDirect, kWinograd2x2, kWinograd4x4};
  if (form == WeightForm::kRows) return kOfRows;
  return std::span(kOfPanels).first(is_3x3(conv) ? kOfPanels.size() : 1);
}

double multiply_adds(const Convolution& conv, ConvolutionAlgorithm algorithm, int input_channels,
                     const Box& box) {
  if (box.empty()) return 0;
  switch (algorithm) {
    case ConvolutionAlgorithm::kWinograd2x2: return winograd_multiply_adds(2, input_channels, box);
    case ConvolutionAlgorithm::kWinograd4x4: return winograd_multiply_adds(4, input_channels, box);
    case ConvolutionAlgorithm::kPlain:
    case ConvolutionAlgorithm::kDirect: break;
  }
  const int group_channels = input_channels / conv.groups;
  return static_cast<double>(conv.taps() * group_channels) * static_cast<double>(box.elements());
}

ConvolutionAlgorithm choose_algorithm(const Convolution& conv, ConvolutionPath path,
                                      WeightForm form, int input_channels, const Box& box) {
  const auto algorithms = algorithms_for(conv, form);
  if (path != ConvolutionPath::kAuto) return algorithms.front();
  return *std::min_element(algorithms.begin(), algorithms.end(), [&](auto a, auto b) {
    return multiply_adds(conv, a, input_channels, box) <
           multiply_adds(conv, b, input_channels, box);
  });
}

}  // namespace vpinfer
