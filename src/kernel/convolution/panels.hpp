#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "kernel/convolution/call.hpp"
#include "kernel/convolution/micro_kernel.hpp"

namespace vpinfer {

/// The panels of a call's weights that hold the filters of its box.
[[nodiscard]] inline Interval panels_of(const ConvolutionCall& call) {
  const int filters = micro_kernel().filters;
  const Interval wanted = shift(call.box.channels, -call.weights.range.filters.begin);
  return {wanted.begin / filters, divide_up(wanted.end, filters)};
}

/// Writes what a panel adds up to into the box of a call.
class PanelWriter {
 public:
  PanelWriter(const ConvolutionCall& call, int panel);

  /// `pixels` point to the first of the box's channels; null where a pixel is not wanted.
  /// compute(outputs) writes the panel's sums or, with `accumulate`, adds them; bias and activation
  /// follow if the sums end.
  template <typename Compute>
  void write(std::span<float* const> pixels, bool accumulate, bool ends,
             const Compute& compute) const {
    PanelOutputs outputs{pixels.data(), filters_.begin, accumulate,
                         ends && slope_ ? biases_.data() : nullptr, slope_.value_or(1)};
    if (wanted_ == filters_) {
      compute(outputs);
    } else {
      PartlyWanted rows(*this, pixels, accumulate);
      outputs.pixels = rows.pixels();
      outputs.filter = 0;
      compute(outputs);
      rows.copy_to(pixels);
    }
    if (ends && !slope_) activate(pixels);
  }

 private:
  /// At the ends of the box a panel may have filters that are not wanted and have no place in the
  /// output: the panel's outputs go there by way of this buffer.
  class PartlyWanted {
   public:
    PartlyWanted(const PanelWriter& writer, std::span<float* const> pixels, bool accumulate);
    [[nodiscard]] float* const* pixels() const { return rows_.data(); }
    void copy_to(std::span<float* const> pixels) const;

   private:
    static constexpr std::size_t kMostPixels =
        std::max(kMostTilePixels, kMostWinogradOutputs* kMostWinogradOutputs);
    const PanelWriter& writer_;
    std::array<float, kMostPixels * kMostPanelFilters> values_;
    std::array<float*, kMostPixels> rows_{};
  };

  void activate(std::span<float* const> pixels) const;

  Interval filters_;  // counted from the first of the box
  Interval wanted_;
  std::array<float, kMostPanelFilters> biases_{};
  const Activation& activation_;
  std::optional<float> slope_;  // of an activation that is two lines
};

/// How the weights of a panel lie: [taps][rows][filters], one row for each float that is read.
struct PanelShape {
  int taps = 0;
  int rows = 0;
};

/// Floats of a panel, [taps][rows][filters].
struct BlockOfPanel {
  const float* weights = nullptr;
  std::size_t tap_stride = 0;  ///< from one tap to the next
};

/// Some taps and rows of a panel: where they lie or, if they are halves, widened in `room`.
[[nodiscard]] BlockOfPanel block_of_panel(const WeightSlice& slice, PanelShape shape, int panel,
                                          Interval taps, Interval rows, std::span<float> room);

}  // namespace vpinfer
