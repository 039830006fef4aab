#pragma once

#include <array>
#include <cstddef>

#include "kernel/convolution/panel_outputs.hpp"

namespace vpinfer {

/// The largest m, n.
inline constexpr int kMostWinogradOutputs = 4;
inline constexpr int kMostWinogradInputs = kMostWinogradOutputs + 2;

/// The transforms of Winograd's minimal filtering F(m x m, 3 x 3): m x m outputs of a 3x3 window
/// from n x n inputs, n = m + 2, by n * n multiplications where the window itself takes 9 * m * m
/// (Lavin and Gray, arXiv 1509.09308).  Of a channel, a filter and a tile
///
///     outputs = A^T [ (G weights G^T) * (B^T inputs B) ] A        * element by element
///
/// so that over all channels, each of the n * n elements is a matrix product of its own.  All
/// matrices are small and known: a transform is some additions of vectors.
struct WinogradTransforms {
  using TransformWeights = void (*)(const float* panel, std::size_t tap_stride, int channels,
                                    float* transformed, std::size_t element_stride);

  int outputs = 0;  ///< m
  int inputs = 0;   ///< n

  /// inputs[i][c] -> transformed[i * element_stride + c] for the n * n pixels of a
  /// tile and c < channels.
  void (*transform_inputs)(const float* const* inputs, int channels, float* transformed,
                           std::size_t element_stride) = nullptr;
  /// transform_weights[pair] for each two rows of the n x n elements: for the 9 taps and all
  /// filters of a panel, panel[tap * tap_stride + c * filters + f] -> the 2 * n elements of those
  /// rows, transformed[i * element_stride + c * filters + f] for i < 2 * n.
  std::array<TransformWeights, kMostWinogradInputs / 2> transform_weights{};
  /// sums[i * element_stride + f] -> the m * m pixels of a tile, for all filters f of a panel.
  void (*transform_sums)(const float* sums, std::size_t element_stride,
                         const PanelOutputs& outputs) = nullptr;
};

}  // namespace vpinfer
