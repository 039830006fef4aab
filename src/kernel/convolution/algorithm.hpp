#pragma once

#include <span>

#include "kernel/convolution/packing.hpp"
#include "net/network.hpp"
#include "vpinfer/convolution_path.hpp"

namespace vpinfer {

/// How a convolution is computed.
enum class ConvolutionAlgorithm {
  kPlain,        ///< weights in rows: im2col and BLAS, or a loop of its own if it is depthwise
  kDirect,       ///< the others: weights in panels.  A micro-kernel reads the input where it lies
  kWinograd2x2,  ///< Winograd's F(2x2, 3x3): 16 multiply-adds for every 36
  kWinograd4x4   ///< Winograd's F(4x4, 3x3): 36 for every 144, some ten times the rounding errors
};

/// How a slice of a convolution's weights lies in memory on a path.  Unless that is BLAS, in
/// panels, which are usually the fastest, except for groups, more than 128 taps, or so few filters
/// that panels would be more than a third empty (more than half, where that takes little memory).
/// Panels are in the network's precision, rows are floats.
[[nodiscard]] WeightStorage weight_storage(const Convolution& convolution, ConvolutionPath path,
                                           const WeightShape& slice, NumberFormat precision);

/// The algorithms that can compute a convolution with weights in a form; the first can compute all.
[[nodiscard]] std::span<const ConvolutionAlgorithm> algorithms_for(const Convolution& convolution,
                                                                   WeightForm form);

/// What an algorithm takes for a box of outputs, summed over `input_channels`, in multiply-adds
/// that take as long, transforms included.
[[nodiscard]] double multiply_adds(const Convolution& convolution, ConvolutionAlgorithm algorithm,
                                   int input_channels, const Box& box);

/// The algorithm of a path that takes the fewest for a box of outputs, with weights in a form.  The
/// same on every processor.
[[nodiscard]] ConvolutionAlgorithm choose_algorithm(const Convolution& convolution,
                                                    ConvolutionPath path, WeightForm form,
                                                    int input_channels, const Box& box);

}  // namespace vpinfer
