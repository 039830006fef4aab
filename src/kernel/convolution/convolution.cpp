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

void convolve(const ConvolutionCall& call, const Workers& workers) {
  if (call.box.empty()) return;
  switch (call.algorithm) {
    case ConvolutionAlgorithm::kPlain: return convolve_plainly(call, workers);
    case ConvolutionAlgorithm::kDirect: return convolve_directly(call, workers);
    case ConvolutionAlgorithm::kWinograd2x2: return convolve_winograd(2, call, workers);
    case ConvolutionAlgorithm::kWinograd4x4: return convolve_winograd(4, call, workers);
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
