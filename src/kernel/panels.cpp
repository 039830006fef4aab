#include "panels.hpp"

#include <algorithm>

namespace vpinfer {
namespace {

// Each tap takes a pointer per pixel: a window of many taps is better unrolled.
constexpr int kMostTaps = 128;

int round_up(int value, int multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Whether Winograd's algorithms for 3x3 windows can compute it.
bool is_3x3(const Convolution& conv) {
  const auto fits = [](const Window& window) {
    return window.size == 3 && window.stride == 1 && window.dilation == 1;
  };
  return fits(conv.rows) && fits(conv.cols);
}

/// What a 3x3 convolution takes per input channel and filter, in multiply-adds of the micro-kernel.
double cost_of_3x3(ConvolutionAlgorithm algorithm, int input_channels, const Box& box) {
  if (algorithm == ConvolutionAlgorithm::kDirect) return 9.0 * box.rows.size() * box.cols.size();
  // Transforming an element of the weights takes as long as multiplying it for a few tiles; an
  // element of a tile's inputs or sums, as for a few filters or channels.  Measured.
  constexpr double kTilesPerWeights = 3;
  constexpr double kFiltersPerInput = 8;
  constexpr double kChannelsPerSum = 8;
  const int outputs = algorithm == ConvolutionAlgorithm::kWinograd2x2 ? 2 : 4;
  const int elements = (outputs + 2) * (outputs + 2);
  const auto along = [outputs](Interval side) { return (side.size() + outputs - 1) / outputs; };
  const double tiles = along(box.rows) * along(box.cols);
  return elements * (kTilesPerWeights + tiles * (1 + kFiltersPerInput / box.channels.size() +
                                                 kChannelsPerSum / input_channels));
}

}  // namespace

std::string micro_kernel_name() {
  return micro_kernel().name;
}

WeightForm usual_form(const Convolution& conv, const WeightRange& range) {
  const int filters = range.filters.size();
  const bool mostly_full = 2 * round_up(filters, kPackedFilters) <= 3 * filters;
  return conv.groups == 1 && mostly_full && taps_of(conv) <= kMostTaps ? WeightForm::kPanels
                                                                       : WeightForm::kRows;
}

std::vector<ConvolutionAlgorithm> algorithms_for(const Convolution& conv, WeightForm form) {
  if (form == WeightForm::kRows) return {ConvolutionAlgorithm::kPlain};
  std::vector<ConvolutionAlgorithm> algorithms{ConvolutionAlgorithm::kDirect};
  if (is_3x3(conv)) {
    algorithms.push_back(ConvolutionAlgorithm::kWinograd2x2);
    algorithms.push_back(ConvolutionAlgorithm::kWinograd4x4);
  }
  return algorithms;
}

ConvolutionAlgorithm usual_algorithm(const Convolution& conv, WeightForm form, int input_channels,
                                     const Box& box) {
  const std::vector<ConvolutionAlgorithm> algorithms = algorithms_for(conv, form);
  if (box.empty() || algorithms.size() == 1) return algorithms.front();
  return *std::min_element(algorithms.begin(), algorithms.end(), [&](auto a, auto b) {
    return cost_of_3x3(a, input_channels, box) < cost_of_3x3(b, input_channels, box);
  });
}

std::size_t stored_floats(WeightForm form, const WeightShape& slice) {
  if (form == WeightForm::kRows) return slice.elements();
  return static_cast<std::size_t>(round_up(slice.filters, kPackedFilters)) *
         slice.elements_per_filter();
}

void pack(const WeightShape& part, std::span<const float> rows, std::span<float> panels) {
  const auto width = static_cast<std::size_t>(micro_kernel().filters);
  const std::size_t depth = part.elements_per_filter();
  const auto filters = static_cast<std::size_t>(part.filters);
  for (std::size_t first = 0; first < filters; first += width) {
    const std::size_t count = std::min(width, filters - first);
    float* panel = panels.data() + first * depth;
    for (std::size_t k = 0; k < depth; ++k, panel += width) {
      for (std::size_t f = 0; f < count; ++f) panel[f] = rows[(first + f) * depth + k];
      std::fill(panel + count, panel + width, 0.0F);
    }
  }
}

int parts_for_threads(int panels, int tiles) {
  constexpr int kTasksPerThread = 4;
  if (kernel_threads() == 1) return 1;
  const int wanted = kTasksPerThread * kernel_threads();
  return std::clamp((wanted + panels - 1) / panels, 1, tiles);
}

}  // namespace vpinfer
