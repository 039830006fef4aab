#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <variant>

#include "kernel/codec.hpp"
#include "kernel/convolution/call.hpp"
#include "kernel/convolution/pooled.hpp"
#include "kernel/tensor.hpp"
#include "kernel/weight_slice.hpp"
#include "kernel/workers.hpp"
#include "net/network.hpp"

namespace vpinfer {

/// How a max pooling is computed together with the convolution before it, see `convolve_and_pool`.
struct Strips {
  int convolution = 0;  ///< its position
  int rows = 0;         ///< of the pooling, at a time
  bool operator==(const Strips&) const = default;
};

/// What is computed in one go: a box of the output of any layer but the input.
struct Computation {
  int position = 0;                 ///< of the layer
  Box box{};                        ///< of its output
  std::optional<ChannelSum> sum{};  ///< of a convolution that does not sum over all input channels
  ConvolutionAlgorithm algorithm = ConvolutionAlgorithm::kPlain;  ///< of a convolution
  std::optional<Strips> strips{};                                 ///< of a max pooling

  /// The layer that it begins with, whose inputs and weights are read.
  [[nodiscard]] int first_layer() const { return strips ? strips->convolution : position; }
  bool operator==(const Computation&) const = default;
};

/// A convolution and the max pooling that reads it, by their positions.  The network must outlive
/// what it returns.
[[nodiscard]] PooledConvolution pooled_convolution(const Network& network, int convolution,
                                                   int pool);

/// The input channels that a computation of a convolution sums over.
[[nodiscard]] int summed_channels(const Network& network, const Computation& computation);

/// The algorithm of a path for what a computation does at a time of a convolution whose weights lie
/// in a form: what execution takes and planning counts on.  Its own `algorithm` is not looked at.
[[nodiscard]] ConvolutionAlgorithm choose_algorithm(const Network& network, ConvolutionPath path,
                                                    WeightForm form,
                                                    const Computation& computation);

/// Floats of scratch memory that `compute` takes on so many threads.
[[nodiscard]] std::size_t workspace_floats(const Network& network, const Computation& computation,
                                           int threads);

/// The memory that a computation works on.  It owns nothing.
struct Operands {
  std::span<const ConstTensorView> inputs;  ///< hold what the box needs of each of the inputs
  WeightSlice weights;                      ///< hold those of the box; none if the layer has none
  TensorView output;                        ///< holds the box
  std::span<float> workspace;  ///< of `workspace_floats` at least, aligned as pointers are
};

/// Writes the box of the output and nothing else of it.  Throws Bug for the input, which is loaded.
void compute(const Network& network, const Computation& computation, const Operands& operands,
             const Workers& workers);

/// Sums of a convolution over some of its input channels, as computed or as received.
using PartialSums = std::variant<ConstTensorView, EncodedBox>;

/// Adds up the parts of a convolution's sums in `box`, always in their order, so that the same
/// parts give the same sums, and ends them: bias and activation follow.  Every part, the weights'
/// filters and the output hold the box.  There is progress after every part.
void add_up_parts(const Network& network, int position, std::span<const PartialSums> parts,
                  const WeightSlice& weights, const TensorView& output, const Box& box,
                  const Workers& workers);

}  // namespace vpinfer
