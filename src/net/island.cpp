#include "net/island.hpp"

#include <algorithm>
#include <cstdint>

#include "tensor/node_reader.hpp"

namespace vpinfer {
namespace {

/// Per element of the result: what finding its place takes, in operations as simple loops do them.
constexpr double kFlopPerElement = 10;

const OnnxDims& dims_of(const IslandArgument& argument) {
  return argument.constant ? argument.constant->dims : argument.form.dims;
}

double elements_of(const IslandArgument& argument) {
  return argument.input || argument.constant
             ? static_cast<double>(count_elements(dims_of(argument)))
             : 0;
}

bool is_transposed(const OnnxNode& node) {
  const auto found = node.attributes.find("transA");
  return found != node.attributes.end() && found->second == OnnxAttribute(std::int64_t{1});
}

/// How many products are added for each element of a result.
double products(const Island& island) {
  const std::string& op = island.node.op;
  const OnnxDims& first = dims_of(island.arguments.front());
  if (op == "MatMul" || op == "Gemm") {
    if (first.empty()) return 0;
    return static_cast<double>(is_transposed(island.node) ? first.front() : first.back());
  }
  if (op == "Conv" && !island.node.outputs.empty() && island.arguments.size() > 1) {
    const auto filters = std::max<double>(
        1, island.form.dims.size() > 1 ? static_cast<double>(island.form.dims[1]) : 1);
    return elements_of(island.arguments[1]) / filters;
  }
  return 0;
}

}  // namespace

double island_flop(const Island& island) {
  const auto results = static_cast<double>(count_elements(island.form.dims));
  double read = 0;
  for (const IslandArgument& argument : island.arguments) read += elements_of(argument);
  return kFlopPerElement * (results + read) + 2 * results * products(island);
}

}  // namespace vpinfer
