#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "base/half.hpp"
#include "kernel/convolution/depthwise_pixel.hpp"
#include "kernel/convolution/panel_outputs.hpp"
#include "kernel/convolution/winograd_transforms.hpp"

namespace vpinfer {

/// A few pixels of a convolution times a panel of filters, summed over some taps of the window and
/// some channels:
///
///     outputs[p][f] (+)= sum over t, c of pixels[t][p][channel + c] * panel[t][c][f]
///
/// All sums stay in registers: a step loads one row of the panel and one channel of each pixel.
struct MicroTile {
  const float* const* pixels = nullptr;  ///< [taps][kMostTilePixels]
  int taps = 0;
  int channel = 0;               ///< the first
  int channels = 0;              ///< how many
  const float* panel = nullptr;  ///< [taps][channels][filters]
  std::size_t tap_stride = 0;    ///< floats from one tap of the panel to the next
  PanelOutputs outputs;          ///< of as many pixels
};

/// The most pixels of a tile, on any processor.
inline constexpr int kMostTilePixels = 12;
/// The most filters of a panel.
inline constexpr int kMostPanelFilters = 32;

/// Transformed inputs lie in blocks of so many channels.
inline constexpr int kWinogradBlockChannels = 32;

/// Products of transformed inputs and weights, summed over some channels: of a few tiles and all
/// filters of a panel, for some elements each on its own,
///
///     sums[e][t][f] (+)= sum over c of inputs[e][t][c] * weights[e][c][f]
///
/// Of `inputs`, each tile has room for the channels of a block; the sums [t][f] have no gaps.
struct ElementProducts {
  int elements = 0;
  int channels = 0;
  const float* inputs = nullptr;
  std::size_t input_stride = 0;  ///< floats from one element of the inputs to the next
  const float* weights = nullptr;
  std::size_t weight_stride = 0;  ///< floats from one element of the weights to the next
  float* sums = nullptr;
  std::size_t sum_stride = 0;  ///< floats from one element of the sums to the next
  bool accumulate = false;
};

/// The micro-kernel of one kind of processor.
struct MicroKernel {
  using ComputeTile = void (*)(const MicroTile& tile);
  using MultiplyElements = void (*)(const ElementProducts& products);

  const char* name = "";
  int pixels = 0;                                           ///< of a tile that fills the registers
  int filters = 0;                                          ///< of a panel
  std::array<ComputeTile, kMostTilePixels> compute_tile{};  ///< of 1, 2 ... `pixels` pixels
  std::array<MultiplyElements, kMostTilePixels> multiply_elements{};  ///< of as many tiles
  /// Exact.
  void (*widen)(const HalfBits* halves, std::size_t count, float* floats) = nullptr;
  void (*depthwise)(const DepthwisePixel& pixel) = nullptr;
  WinogradTransforms winograd_2x2{};
  WinogradTransforms winograd_4x4{};
};

/// Those that this processor can run, the fastest first; at least one.
[[nodiscard]] std::vector<const MicroKernel*> micro_kernels();
/// The fastest that this processor can run.
[[nodiscard]] const MicroKernel& micro_kernel();

// For each kind of processor that this program was compiled for.
[[nodiscard]] const MicroKernel& portable_micro_kernel();
#ifdef __x86_64__
[[nodiscard]] const MicroKernel& avx2_micro_kernel();
[[nodiscard]] const MicroKernel& avx512_micro_kernel();
#endif

}  // namespace vpinfer
