#include "tensor/call.hpp"

#include <algorithm>
#include <limits>

namespace vpinfer {
namespace {

/// How many numbers a node may make: 64 MiB of floats, or a few times what it reads.
constexpr std::int64_t kMostMade = std::int64_t{1} << 24U;
constexpr std::int64_t kMostGrowth = 2;

}  // namespace

bool has_possible_extents(const OnnxDims& dims) {
  const bool is_empty = std::find(dims.begin(), dims.end(), 0) != dims.end();
  const std::int64_t most = is_empty ? kMostMade : std::numeric_limits<std::int32_t>::max();
  std::int64_t places = 1;
  return std::all_of(dims.begin(), dims.end(), [&](std::int64_t extent) {
    if (extent < 0 || extent > most / places) return false;
    places *= std::max(extent, std::int64_t{1});
    return true;
  });
}

void check_size(const OnnxCall& call, const OnnxDims& dims) {
  std::int64_t read = 0;
  for (const OnnxTensor* input : call.inputs) {
    if (input != nullptr) read += count_elements(input->dims);
  }
  const std::int64_t most = std::max(kMostMade, kMostGrowth * read);
  if (!has_possible_extents(dims) || count_elements(dims) > most) {
    call.node.refuse("its result of " + to_string(dims) + " is too large");
  }
}

OnnxDims strides_of(const OnnxDims& dims) {
  OnnxDims strides(dims.size(), 1);
  for (std::size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
  return strides;
}

}  // namespace vpinfer
