#include "net/tensor_form.hpp"

#include <cstdint>
#include <limits>

#include "tensor/node_reader.hpp"

namespace vpinfer {
namespace {

bool is_one_of(const OnnxDims& dims, std::size_t rank) {
  return dims.size() == rank && dims.front() == 1;
}

}  // namespace

Shape box_of(const OnnxDims& dims) {
  const std::int64_t count = count_elements(dims);
  if (count < 1 || count > std::numeric_limits<std::int32_t>::max()) return {0, 0, 0};
  const auto extent = [&](std::size_t axis) { return static_cast<int>(dims[axis]); };
  if (is_one_of(dims, 4)) return {extent(2), extent(3), extent(1)};
  if (is_one_of(dims, 3)) return {extent(1), 1, extent(2)};
  return {1, 1, static_cast<int>(count)};
}

AxisOrder order_of(const OnnxDims& dims) {
  return is_one_of(dims, 4) ? kChannelsFirst : kChannelsLast;
}

}  // namespace vpinfer
