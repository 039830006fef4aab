// Operators that follow the elements along an axis.

#include <functional>

#include "tensor/lines.hpp"
#include "tensor/numbers.hpp"

namespace vpinfer {
namespace {

/// The place of the first, or of the last, element that no other precedes.
template <auto kPrecedes>
OnnxTensor place_of_best(const OnnxCall& call) {
  const OnnxTensor& tensor = call.input(0);
  const Lines lines = lines_along_axis(call, 0);
  if (lines.length == 0) call.node.refuse("there is nothing along this axis");
  const bool last = call.node.flag("select_last_index");
  std::vector<std::int64_t> places;
  std::visit(
      [&](const auto& values) {
        for_each_line(lines, [&](std::size_t first) {
          std::size_t best = 0;
          for (std::size_t i = 1; i < lines.length; ++i) {
            const auto value = values[first + i * lines.step];
            const auto before = values[first + best * lines.step];
            if (kPrecedes(value, before) || (last && !kPrecedes(before, value))) best = i;
          }
          places.push_back(static_cast<std::int64_t>(best));
        });
      },
      tensor.values);
  OnnxDims dims = tensor.dims;
  const auto at = dims.begin() + static_cast<std::ptrdiff_t>(
                                     call.node.axis(call.node.integer("axis", 0), dims.size()));
  if (call.node.flag("keepdims", true)) {
    *at = 1;
  } else {
    dims.erase(at);
  }
  return {dims, std::move(places)};
}

OnnxTensor cumulative_sum(const OnnxCall& call) {
  const OnnxTensor& tensor = call.input(0);
  if (call.integers(1).size() != 1) call.node.refuse("its axis must be one number");
  const std::size_t axis = call.node.axis(call.integers(1).front(), tensor.dims.size());
  const Lines lines = lines_along(tensor.dims, axis, axis + 1);
  const bool exclusive = call.node.flag("exclusive");
  const bool reverse = call.node.flag("reverse");
  return std::visit(
      [&](const auto& values) {
        using Number = typename std::decay_t<decltype(values)>::value_type;
        std::vector<Number> sums(values.size());
        for_each_line(lines, [&](std::size_t first) {
          Accumulator<Number> sum{};
          for (std::size_t i = 0; i < lines.length; ++i) {
            const std::size_t along = reverse ? lines.length - 1 - i : i;
            const std::size_t place = first + along * lines.step;
            const auto before = sum;
            sum = wrapped(sum, static_cast<Accumulator<Number>>(values[place]), std::plus<>());
            sums[place] = static_cast<Number>(exclusive ? before : sum);
          }
        });
        return OnnxTensor{tensor.dims, std::move(sums)};
      },
      tensor.values);
}

}  // namespace

std::vector<OnnxComputation> searching_operators() {
  return {{"ArgMax", one<place_of_best<std::greater<>{}>>},
          {"ArgMin", one<place_of_best<std::less<>{}>>},
          {"CumSum", one<cumulative_sum>}};
}

}  // namespace vpinfer
