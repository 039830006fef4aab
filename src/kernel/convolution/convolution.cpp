#include "kernel/convolution/convolution.hpp"

#include "kernel/activation.hpp"
#include "kernel/convolution/direct.hpp"
#include "kernel/convolution/micro_kernel.hpp"
#include "kernel/convolution/plain.hpp"
#include "kernel/convolution/winograd.hpp"

namespace vpinfer {

std::string micro_kernel_name() {
  return micro_kernel().name;
}

std::size_t convolution_workspace(const Convolution& conv, ConvolutionAlgorithm algorithm,
                                  int input_channels, const Box& box, int threads) {
  switch (algorithm) {
    case ConvolutionAlgorithm::kPlain: return plain_workspace(conv, input_channels, box, threads);
    case ConvolutionAlgorithm::kDirect: return direct_workspace(conv, input_channels, box, threads);
    case ConvolutionAlgorithm::kWinograd2x2:
      return winograd_workspace(2, input_channels, box, threads);
    case ConvolutionAlgorithm::kWinograd4x4:
      return winograd_workspace(4, input_channels, box, threads);
  }
  return 0;
}

void convolve(const Convolution& conv, ConvolutionAlgorithm algorithm, const WeightSlice& slice,
              const Shape& input_shape, const ConstTensorView& input, const TensorView& output,
              const Box& box, const ChannelSum& sum, std::span<float> workspace,
              const Progress& progress) {
  if (box.empty()) return;
  const auto compute = [&](const auto& by, auto... outputs) {
    by(outputs..., conv, slice, input_shape, input, output, box, sum, workspace, progress);
  };
  switch (algorithm) {
    case ConvolutionAlgorithm::kPlain: return compute(convolve_plainly);
    case ConvolutionAlgorithm::kDirect: return compute(convolve_directly);
    case ConvolutionAlgorithm::kWinograd2x2: return compute(convolve_winograd, 2);
    case ConvolutionAlgorithm::kWinograd4x4: return compute(convolve_winograd, 4);
  }
}

void end_sums(const Convolution& conv, const WeightSlice& slice, const TensorView& output,
              const Box& box) {
  for (int row = box.rows.begin; row < box.rows.end; ++row) {
    add_bias_and_activate(output.at(row, box.cols.begin, box.channels.begin),
                          static_cast<std::size_t>(box.cols.size()), output.pixel_stride(),
                          slice.biases_of(box.channels), conv.activation);
  }
}

}  // namespace vpinfer
