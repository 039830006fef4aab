#include "kernel/convolution/panels.hpp"

#include <algorithm>

#include "base/half.hpp"
#include "kernel/activation.hpp"
#include "vpinfer/error.hpp"

namespace vpinfer {
namespace {

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

PanelWriter::PanelWriter(const ConvolutionCall& call, int panel)
    : activation_(call.convolution.activation), slope_(negative_slope(activation_)) {
  const int filters = micro_kernel().filters;
  filters_ = shift({panel * filters, (panel + 1) * filters},
                   call.weights.range.filters.begin - call.box.channels.begin);
  wanted_ = intersect(filters_, {0, call.box.channels.size()});
  const auto biases = call.weights.biases_of(shift(wanted_, call.box.channels.begin));
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
  const std::byte* from = slice.weights.data() + bytes_of(slice.storage.format, begin);
  const std::size_t of_tap = static_cast<std::size_t>(rows.size()) * width;
  switch (slice.storage.format) {
    case NumberFormat::kFloat: return {reinterpret_cast<const float*>(from), tap_stride};
    case NumberFormat::kHalf:
      for (std::size_t tap = 0; tap < static_cast<std::size_t>(taps.size()); ++tap) {
        micro_kernel().widen(reinterpret_cast<const HalfBits*>(from) + tap * tap_stride, of_tap,
                             room.data() + tap * of_tap);
      }
      return {room.data(), of_tap};
  }
  throw Bug("weights in an unknown format");
}

}  // namespace vpinfer
