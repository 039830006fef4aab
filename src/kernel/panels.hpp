#pragma once

#include "micro_kernel.hpp"
#include "vpinfer/kernel/convolution.hpp"
#include "vpinfer/kernel/threads.hpp"

namespace vpinfer {

static_assert(kPackedFilters == kMostPanelFilters);

[[nodiscard]] inline int taps_of(const Convolution& conv) {
  return conv.rows.size * conv.cols.size;
}

/// The panels of a slice that hold the filters of a box.
[[nodiscard]] inline Interval panels_of(const WeightSlice& slice, const Box& box) {
  const int filters = micro_kernel().filters;
  const Interval wanted = shift(box.channels, -slice.range.filters.begin);
  return {wanted.begin / filters, (wanted.end + filters - 1) / filters};
}

/// A panel's filters, counted from the first of the box.  At the ends of the box a panel may have
/// others than the box wants.
[[nodiscard]] inline Interval filters_of(const WeightSlice& slice, const Box& box, int panel) {
  const int filters = micro_kernel().filters;
  return shift({panel * filters, (panel + 1) * filters},
               slice.range.filters.begin - box.channels.begin);
}

/// Floats [taps][channels][filters] of a panel.
struct BlockOfPanel {
  const float* weights = nullptr;
  std::size_t tap_stride = 0;  ///< from one tap to the next
};

/// Some taps and channels of a panel of a convolution with `taps` taps: where they lie or, if they
/// are halves, widened in `room`.
[[nodiscard]] BlockOfPanel block_of_panel(const WeightSlice& slice, int taps, int panel,
                                          Interval of_taps, Interval of_channels,
                                          std::span<float> room);

/// Into how many parts `tiles` tiles are cut, each with every panel, so that all threads find work.
[[nodiscard]] int parts_for_threads(int panels, int tiles);

}  // namespace vpinfer
