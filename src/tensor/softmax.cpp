// Softmax and its relatives.

#include <algorithm>
#include <cmath>

#include "tensor/lines.hpp"
#include "tensor/numbers.hpp"

namespace vpinfer {
namespace {

/// Before operator set 13 all axes from the named one on are one.
Lines softmax_lines(const OnnxCall& call) {
  if (call.node.opset() >= 13) return lines_along_axis(call, -1);
  const OnnxDims& dims = call.input(0).dims;
  const std::size_t axis = call.node.axis(call.node.integer("axis", 1), dims.size());
  return lines_along(dims, axis, dims.size());
}

/// shares(line): what becomes of the elements along a line, which are read and written there.
template <typename Share>
OnnxTensor for_lines(const OnnxCall& call, const Share& share) {
  const Lines lines = softmax_lines(call);
  std::vector<float> values = call.floats(0);
  std::vector<double> line(lines.length);
  if (values.empty()) return call.input(0);
  for_each_line(lines, [&](std::size_t first) {
    for (std::size_t i = 0; i < lines.length; ++i) line[i] = values[first + i * lines.step];
    share(line);
    for (std::size_t i = 0; i < lines.length; ++i) {
      values[first + i * lines.step] = static_cast<float>(line[i]);
    }
  });
  return {call.input(0).dims, std::move(values)};
}

/// Subtracts the largest element from all, so that no exponential is too large; the sum of these.
double sum_of_powers(std::vector<double>& line) {
  const double most = *std::max_element(line.begin(), line.end());
  double sum = 0;
  for (double& number : line) {
    number -= most;
    sum += std::exp(number);
  }
  return sum;
}

OnnxTensor softmax_of(const OnnxCall& call) {
  return for_lines(call, [](std::vector<double>& line) {
    const double sum = sum_of_powers(line);
    for (double& number : line) number = std::exp(number) / sum;
  });
}

OnnxTensor log_softmax_of(const OnnxCall& call) {
  return for_lines(call, [](std::vector<double>& line) {
    const double logarithm = std::log(sum_of_powers(line));
    for (double& number : line) number -= logarithm;
  });
}

OnnxTensor hardmax_of(const OnnxCall& call) {
  return for_lines(call, [](std::vector<double>& line) {
    const auto most = std::max_element(line.begin(), line.end()) - line.begin();
    std::fill(line.begin(), line.end(), 0);
    line[static_cast<std::size_t>(most)] = 1;
  });
}

}  // namespace

std::vector<OnnxComputation> softmax_operators() {
  return {{"Softmax", one<softmax_of>},
          {"LogSoftmax", one<log_softmax_of>},
          {"Hardmax", one<hardmax_of>}};
}

}  // namespace vpinfer
