#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "vpinfer/kernel/tensor.hpp"
#include "vpinfer/net/network.hpp"

namespace vpinfer {

/// The micro-kernel that this processor gets, for example `AVX-512`.
[[nodiscard]] std::string micro_kernel_name();

/// How the weights of a slice lie in memory.
enum class WeightForm {
  kRows,       ///< [filters][rows][cols][channels]: as files have them and BLAS takes them
  kPanels,     ///< [filters / n][rows][cols][channels][n], n being what the micro-kernel of this
               ///< processor takes at once; zeros fill the last panel
  kHalfPanels  ///< the same in half precision, two to a float; widened block by block
};

/// The form in which `convolve` is usually fastest with these weights: panels, unless there are
/// groups, more than 128 taps, or so few filters that panels would be more than a third empty.
[[nodiscard]] WeightForm usual_form(const Convolution& convolution, const WeightRange& range,
                                    WeightPrecision precision);

/// Floats of a slice in a form; the same on every processor.
[[nodiscard]] std::size_t stored_floats(WeightForm form, const WeightShape& slice);

/// A slice in panels is filled up to a multiple of this, which the panels of every processor
/// divide.
inline constexpr int kPackedFilters = 32;

/// Packs `part`, rows of weights of whole groups of kPackedFilters (the last may be short), to the
/// panels of a form that begin with the first of them.  Halves are rounded as by `round_to_halves`.
void pack(const WeightShape& part, std::span<const float> rows, WeightForm form,
          std::span<float> panels);

/// A block of a layer's weights and the biases of its filters.
struct WeightSlice {
  WeightRange range;  ///< which weights of the layer
  WeightForm form = WeightForm::kRows;
  std::span<const float> weights;  ///< those of the range, in the form
  std::span<const float> biases;   ///< [range.filters]

  [[nodiscard]] std::span<const float> biases_of(Interval filters) const {
    return biases.subspan(static_cast<std::size_t>(filters.begin - range.filters.begin),
                          static_cast<std::size_t>(filters.size()));
  }
};

/// How a convolution is computed.
enum class ConvolutionAlgorithm {
  kPlain,        ///< weights in rows: im2col and BLAS, or a loop of its own if it is depthwise
  kDirect,       ///< the others: weights in panels.  A micro-kernel reads the input where it lies
  kWinograd2x2,  ///< Winograd's F(2x2, 3x3): 16 multiply-adds for every 36
  kWinograd4x4   ///< Winograd's F(4x4, 3x3): 36 for every 144, some ten times the rounding errors
};

/// Those that can compute a convolution with weights in a form; the first can compute all.
[[nodiscard]] std::vector<ConvolutionAlgorithm> algorithms_for(const Convolution& convolution,
                                                               WeightForm form);

/// What an algorithm takes for a box of outputs, summed over `input_channels`, in multiply-adds
/// that take as long, transforms included.
[[nodiscard]] double multiply_adds(const Convolution& convolution, ConvolutionAlgorithm algorithm,
                                   int input_channels, const Box& box);

/// The algorithm that takes the fewest for a box of outputs, with weights in a form.  The same on
/// every processor.
[[nodiscard]] ConvolutionAlgorithm usual_algorithm(const Convolution& convolution, WeightForm form,
                                                   int input_channels, const Box& box);

/// Floats of scratch memory, aligned as pointers are, that suffice for `convolve` on this box of
/// outputs, summed over so many input channels.
[[nodiscard]] std::size_t convolution_workspace(const Convolution& convolution,
                                                ConvolutionAlgorithm algorithm, int input_channels,
                                                const Box& box);

/// The input channels that one call of `convolve` sums over.  Several calls, from one that begins
/// the sums to one that ends them, give what one call for all channels gives.
struct ChannelSum {
  Interval channels;
  bool begins = true;  ///< not added to what earlier calls have written
  bool ends = true;    ///< bias and activation follow
  bool operator==(const ChannelSum&) const = default;
};

/// Computes `box` of the output.  Bias and activation follow while a block is still in cache.
/// `input` holds the receptive field of `box` clipped to the picture `input_shape`; beyond the
/// picture there are zeros.  box.channels must lie within the slice's filters and sum.channels
/// within its channels.  `progress` is called between blocks.  A convolution in groups sums over
/// all channels at once.
void convolve(const Convolution& convolution, ConvolutionAlgorithm algorithm,
              const WeightSlice& slice, const Shape& input_shape, const ConstTensorView& input,
              const TensorView& output, const Box& box, const ChannelSum& sum,
              std::span<float> workspace, const Progress& progress);

/// Ends sums that are complete in `box` of the output: adds the biases and applies the activation.
void end_sums(const Convolution& convolution, const WeightSlice& slice, const TensorView& output,
              const Box& box);

}  // namespace vpinfer
