#pragma once

#include <cstddef>
#include <optional>

#include "kernel/convolution/convolution.hpp"
#include "kernel/workers.hpp"
#include "net/layer.hpp"

namespace vpinfer {

/// A convolution and a max pooling that alone reads it.  They are computed strip by strip, and what
/// lies between them is never there as a whole:
///
///     input          strip in the workspace     pooled while it is in the cache
///     +--------+     +--------+
///     |        |     | rows   |                 +----+
///     |        | ->  +--------+  ->             |    |
///     |        |                                +----+
///     +--------+
struct PooledConvolution {
  const Convolution& convolution;
  const MaxPool& pool;
  Shape between;  ///< the convolution's output

  /// What the pooling reads of the convolution's output to compute a box.
  [[nodiscard]] Box convolved(const Box& pooled) const;
  /// What there is of that at a time.
  [[nodiscard]] Box largest_strip(const Box& pooled, int strip_rows) const;
};

/// Rows of the pooling to compute at a time: few, but work enough for one go of the convolution.
/// None where so many threads would not get several strips each, or where strips would have rows
/// of the convolution in common.
[[nodiscard]] std::optional<int> usual_strip_rows(const PooledConvolution& both, const Box& box,
                                                  int threads);

/// Floats of scratch memory that suffice for `convolve_and_pool` on this box and so many threads.
[[nodiscard]] std::size_t pooled_workspace(const PooledConvolution& both,
                                           ConvolutionAlgorithm algorithm, int input_channels,
                                           const Box& box, int strip_rows, int threads);

/// Computes a box of the pooling, `strip_rows` of its rows at a time.  The call is one of
/// `convolve` that sums over all input channels, but for `output` and `box`, which are the
/// pooling's, and the workspace, of `pooled_workspace` floats.
void convolve_and_pool(const PooledConvolution& both, int strip_rows, const ConvolutionCall& call,
                       const Workers& workers);

}  // namespace vpinfer
