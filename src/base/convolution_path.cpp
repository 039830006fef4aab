#include "vpinfer/convolution_path.hpp"

#include <array>
#include <string>

#include "base/names.hpp"

namespace vpinfer {

std::string_view to_string(ConvolutionPath path) {
  switch (path) {
    case ConvolutionPath::kAuto: return "auto";
    case ConvolutionPath::kDirect: return "direct";
    case ConvolutionPath::kBlas: return "blas";
  }
  return "unknown";
}

ConvolutionPath parse_convolution_path(std::string_view name) {
  return parse_name(
      "way to convolve", name,
      std::array{ConvolutionPath::kAuto, ConvolutionPath::kDirect, ConvolutionPath::kBlas});
}

}  // namespace vpinfer
