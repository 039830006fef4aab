#include "panels.hpp"

#include <algorithm>
#include <array>

#include "vpinfer/kernel/activation.hpp"
#include "vpinfer/kernel/half.hpp"

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

/// Of a 3x3 convolution by Winograd's F(outputs x outputs, 3x3), per input channel and filter.
double winograd_multiply_adds(int outputs, int input_channels, const Box& box) {
  // Transforming an element of the weights takes as long as multiplying it for a few tiles; an
  // element of a tile's inputs or sums, as for a few filters or channels.  Measured.
  constexpr double kTilesPerWeights = 3;
  constexpr double kFiltersPerInput = 8;
  constexpr double kChannelsPerSum = 12;
  const int elements = (outputs + 2) * (outputs + 2);
  const auto along = [outputs](Interval side) { return (side.size() + outputs - 1) / outputs; };
  const double tiles = along(box.rows) * along(box.cols);
  return elements * (kTilesPerWeights + tiles * (1 + kFiltersPerInput / box.channels.size() +
                                                 kChannelsPerSum / input_channels));
}

/// Of an activation that is a line below 0 and the identity above.
std::optional<float> negative_slope(const Activation& activation) {
  switch (activation.function) {
    case Activation::kLinear: return 1.0F;
    case Activation::kRelu: return 0.0F;
    case Activation::kLeaky: return activation.alpha;
    default: return std::nullopt;
  }
}

}  // namespace

double multiply_adds(const Convolution& conv, ConvolutionAlgorithm algorithm, int input_channels,
                     const Box& box) {
  if (box.empty()) return 0;
  const double channels_and_filters =
      static_cast<double>(input_channels / conv.groups) * box.channels.size();
  switch (algorithm) {
    case ConvolutionAlgorithm::kWinograd2x2:
      return winograd_multiply_adds(2, input_channels, box) * channels_and_filters;
    case ConvolutionAlgorithm::kWinograd4x4:
      return winograd_multiply_adds(4, input_channels, box) * channels_and_filters;
    case ConvolutionAlgorithm::kPlain:
    case ConvolutionAlgorithm::kDirect: break;
  }
  return channels_and_filters * taps_of(conv) * box.rows.size() * box.cols.size();
}

std::string micro_kernel_name() {
  return micro_kernel().name;
}

WeightForm usual_form(const Convolution& conv, const WeightRange& range,
                      WeightPrecision precision) {
  const int filters = range.filters.size();
  const bool mostly_full = 2 * round_up(filters, kPackedFilters) <= 3 * filters;
  if (conv.groups > 1 || !mostly_full || taps_of(conv) > kMostTaps) return WeightForm::kRows;
  return precision == WeightPrecision::kHalf ? WeightForm::kHalfPanels : WeightForm::kPanels;
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
  return *std::min_element(algorithms.begin(), algorithms.end(), [&](auto a, auto b) {
    return multiply_adds(conv, a, input_channels, box) <
           multiply_adds(conv, b, input_channels, box);
  });
}

std::size_t stored_floats(WeightForm form, const WeightShape& slice) {
  if (form == WeightForm::kRows) return slice.elements();
  const std::size_t elements = static_cast<std::size_t>(round_up(slice.filters, kPackedFilters)) *
                               slice.elements_per_filter();
  return form == WeightForm::kHalfPanels ? elements / 2 : elements;
}

void pack(const WeightShape& part, std::span<const float> rows, WeightForm form,
          std::span<float> panels) {
  const auto width = static_cast<std::size_t>(micro_kernel().filters);
  const std::size_t depth = part.elements_per_filter();
  const auto filters = static_cast<std::size_t>(part.filters);
  const auto room = static_cast<std::size_t>(round_up(part.filters, kPackedFilters));
  // Rows by pieces that stay in the cache until all of a panel's filters have their share of it.
  constexpr std::size_t kPiece = 64;
  for (std::size_t first = 0; first < room; first += width) {
    const std::size_t count = std::min(width, filters - std::min(first, filters));
    for (std::size_t begin = 0; begin < depth; begin += kPiece) {
      const std::size_t piece = std::min(kPiece, depth - begin);
      std::array<float, kPiece * kMostPanelFilters> block{};
      for (std::size_t f = 0; f < count; ++f) {
        const float* row = rows.data() + (first + f) * depth + begin;
        for (std::size_t k = 0; k < piece; ++k) block[k * width + f] = row[k];
      }
      const std::size_t at = first * depth + begin * width;
      if (form == WeightForm::kHalfPanels) {
        round_to_halves(block.data(), piece * width,
                        reinterpret_cast<HalfBits*>(panels.data()) + at);
      } else {
        std::copy_n(block.data(), piece * width, panels.data() + at);
      }
    }
  }
}

PanelWriter::PanelWriter(const Convolution& conv, const WeightSlice& slice, const Box& box,
                         int panel)
    : activation_(conv.activation), slope_(negative_slope(conv.activation)) {
  const int filters = micro_kernel().filters;
  filters_ = shift({panel * filters, (panel + 1) * filters},
                   slice.range.filters.begin - box.channels.begin);
  wanted_ = intersect(filters_, {0, box.channels.size()});
  const auto biases = slice.biases_of(shift(wanted_, box.channels.begin));
  std::copy(biases.begin(), biases.end(), biases_.begin() + (wanted_.begin - filters_.begin));
}

PanelWriter::PartlyWanted::PartlyWanted(const PanelWriter& writer, std::span<float* const> pixels,
                                        bool accumulate)
    : writer_(writer) {
  const Interval wanted = shift(writer.wanted_, -writer.filters_.begin);
  for (std::size_t p = 0; p < pixels.size(); ++p) {
    if (pixels[p] == nullptr) continue;
    rows_[p] = &values_[p * kMostPanelFilters];
    if (!accumulate) continue;
    std::fill_n(rows_[p], kMostPanelFilters, 0.0F);
    std::copy_n(pixels[p] + writer.wanted_.begin, wanted.size(), rows_[p] + wanted.begin);
  }
}

void PanelWriter::PartlyWanted::copy_to(std::span<float* const> pixels) const {
  const Interval wanted = shift(writer_.wanted_, -writer_.filters_.begin);
  for (std::size_t p = 0; p < pixels.size(); ++p) {
    if (pixels[p] == nullptr) continue;
    std::copy_n(rows_[p] + wanted.begin, wanted.size(), pixels[p] + writer_.wanted_.begin);
  }
}

void PanelWriter::activate(std::span<float* const> pixels) const {
  const std::span biases(biases_.data() + (wanted_.begin - filters_.begin),
                         static_cast<std::size_t>(wanted_.size()));
  for (float* pixel : pixels) {
    if (pixel != nullptr) {
      add_bias_and_activate(pixel + wanted_.begin, 1, 0, biases, activation_);
    }
  }
}

BlockOfPanel block_of_panel(const WeightSlice& slice, PanelShape shape, int panel, Interval taps,
                            Interval rows, std::span<float> room) {
  const auto width = static_cast<std::size_t>(micro_kernel().filters);
  const auto tap_stride = static_cast<std::size_t>(shape.rows) * width;
  const std::size_t begin = static_cast<std::size_t>(panel * shape.taps + taps.begin) * tap_stride +
                            static_cast<std::size_t>(rows.begin) * width;
  if (slice.form == WeightForm::kPanels) return {slice.weights.data() + begin, tap_stride};
  const auto* halves = reinterpret_cast<const HalfBits*>(slice.weights.data()) + begin;
  const std::size_t of_tap = static_cast<std::size_t>(rows.size()) * width;
  for (std::size_t tap = 0; tap < static_cast<std::size_t>(taps.size()); ++tap) {
    micro_kernel().widen(halves + tap * tap_stride, of_tap, room.data() + tap * of_tap);
  }
  return {room.data(), of_tap};
}

int parts_for_threads(int panels, int tiles) {
  constexpr int kTasksPerThread = 4;
  if (kernel_threads() == 1) return 1;
  const int wanted = kTasksPerThread * kernel_threads();
  return std::clamp((wanted + panels - 1) / panels, 1, tiles);
}

}  // namespace vpinfer
