#include "net/island.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "tensor/node_reader.hpp"

namespace vpinfer {
namespace {

bool is_one_of(const OnnxDims& dims, std::size_t rank) {
  return dims.size() == rank && dims.front() == 1;
}

/// Per element of the result: what finding its place takes, in operations as simple loops do them.
constexpr double kFlopPerElement = 10;

double elements_of(const IslandArgument& argument) {
  const OnnxDims& dims = argument.constant ? argument.constant->dims : argument.form.dims;
  return argument.input || argument.constant ? static_cast<double>(count_elements(dims)) : 0;
}

/// How many products are added for each element of a result.
double products(const Island& island) {
  const std::string& op = island.node.op;
  const OnnxDims& first = island.arguments.front().form.dims;
  if (op == "MatMul" || op == "Gemm") return first.empty() ? 0 : static_cast<double>(first.back());
  if (op == "Conv" && !island.node.outputs.empty() && island.arguments.size() > 1) {
    const auto filters = std::max<double>(
        1, island.form.dims.size() > 1 ? static_cast<double>(island.form.dims[1]) : 1);
    return elements_of(island.arguments[1]) / filters;
  }
  return 0;
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

double island_flop(const Island& island) {
  const auto results = static_cast<double>(count_elements(island.form.dims));
  double read = 0;
  for (const IslandArgument& argument : island.arguments) read += elements_of(argument);
  return kFlopPerElement * (results + read) + 2 * results * products(island);
}

}  // namespace vpinfer
