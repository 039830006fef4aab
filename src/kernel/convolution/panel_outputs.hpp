#pragma once

namespace vpinfer {

/// Where the sums of a panel's filters go for some pixels, and what becomes of them there.
struct PanelOutputs {
  float* const* pixels = nullptr;  ///< of a tile; null where a pixel is not wanted
  int filter = 0;                  ///< the panel's first, from where the pixels point to
  bool accumulate = false;         ///< the sums are added to what is there
  const float* biases = nullptr;   ///< [filters of the panel], if the sums are complete: then
  float negative_slope = 1;        ///< max(x, 0) + slope * min(x, 0) of sum and bias is the output
};

}  // namespace vpinfer
