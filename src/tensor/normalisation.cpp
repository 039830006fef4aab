// Operators that make the elements along some axes alike: of mean 0, of deviation or length 1.

#include <algorithm>
#include <cmath>
#include <utility>

#include "tensor/broadcast.hpp"
#include "tensor/lines.hpp"

namespace vpinfer {
namespace {

/// Numbers that a tensor is broadcast with, one for all elements along some of its axes.
struct Statistic {
  OnnxDims dims;
  std::vector<double> values;
};

/// The mean of what measure(element, place in the statistic) makes of the elements.
template <typename Measure>
Statistic mean_along(const OnnxTensor& tensor, const std::vector<bool>& axes,
                     const Measure& measure) {
  Statistic mean{with_ones(tensor.dims, axes), {}};
  const auto count = static_cast<std::size_t>(count_elements(mean.dims));
  mean.values.resize(count);
  for_each_run<1>(tensor.dims, {mean.dims}, [&](const Run<1>& run) {
    for (std::size_t i = 0; i < run.count; ++i) {
      const std::size_t place = run.place(0, i);
      mean.values[place] += measure(static_cast<double>(tensor.floats()[run.begin + i]), place);
    }
  });
  for (double& number : mean.values) {
    const std::size_t added = tensor.floats().size() / count;
    number /= static_cast<double>(added);
  }
  return mean;
}

Statistic mean_of(const OnnxTensor& tensor, const std::vector<bool>& axes) {
  return mean_along(tensor, axes, [](double x, std::size_t /*place*/) { return x; });
}

Statistic variance_of(const OnnxTensor& tensor, const std::vector<bool>& axes,
                      const Statistic& mean) {
  return mean_along(tensor, axes, [&](double x, std::size_t place) {
    return (x - mean.values[place]) * (x - mean.values[place]);
  });
}

/// 1 / sqrt(variance + epsilon)
Statistic inverse_deviation(const Statistic& variance, double epsilon) {
  Statistic inverse = variance;
  for (double& number : inverse.values) number = 1 / std::sqrt(number + epsilon);
  return inverse;
}

/// (element - mean) * factor
OnnxTensor standardised(OnnxTensor tensor, const Statistic& mean, const Statistic& factor) {
  auto& values = std::get<std::vector<float>>(tensor.values);
  for_each_run<1>(tensor.dims, {mean.dims}, [&](const Run<1>& run) {
    for (std::size_t i = 0; i < run.count; ++i) {
      float& value = values[run.begin + i];
      const std::size_t place = run.place(0, i);
      value = static_cast<float>((static_cast<double>(value) - mean.values[place]) *
                                 factor.values[place]);
    }
  });
  return tensor;
}

OnnxTensor as_tensor(const Statistic& statistic) {
  return {statistic.dims, std::vector<float>(statistic.values.begin(), statistic.values.end())};
}

const OnnxTensor& float_input(const OnnxCall& call, std::size_t index) {
  (void)call.floats(index);
  return call.input(index);
}

/// The axes from one on.
std::vector<bool> axes_from(std::size_t first, std::size_t rank) {
  std::vector<bool> axes(rank);
  std::fill(axes.begin() + static_cast<std::ptrdiff_t>(first), axes.end(), true);
  return axes;
}

/// tensor * scale + bias
OnnxTensor scaled(const OnnxCall& call, OnnxTensor tensor, const OnnxTensor& scale,
                  const OnnxTensor& bias) {
  const OnnxDims& dims = tensor.dims;
  if (broadcast_dims(call, dims, scale.dims) != dims ||
      broadcast_dims(call, dims, bias.dims) != dims) {
    call.node.refuse("its scale or bias does not fit " + to_string(dims));
  }
  auto& values = std::get<std::vector<float>>(tensor.values);
  for_each_run<2>(dims, {scale.dims, bias.dims}, [&](const Run<2>& run) {
    for (std::size_t i = 0; i < run.count; ++i) {
      float& value = values[run.begin + i];
      value = value * scale.floats()[run.place(0, i)] + bias.floats()[run.place(1, i)];
    }
  });
  return tensor;
}

OnnxTensor no_bias() {
  return {{}, std::vector<float>{0}};
}

double epsilon_of(const OnnxCall& call) {
  return static_cast<double>(call.node.number("epsilon", 1e-5F));
}

/// An input with one number for each channel of a tensor of these extents, or for each group of
/// them.
OnnxTensor per_channel(const OnnxCall& call, std::size_t index, const OnnxDims& dims,
                       std::int64_t groups) {
  const std::vector<float>& values = call.floats(index);
  const auto count = static_cast<std::int64_t>(values.size());
  if (count == 0 || (count != dims[1] && count != groups)) {
    call.node.refuse("its input number " + std::to_string(index + 1) + " must hold " +
                     std::to_string(dims[1]) + " numbers");
  }
  std::vector<float> repeated;
  for (const float value : values) {
    repeated.insert(repeated.end(), static_cast<std::size_t>(dims[1] / count), value);
  }
  OnnxDims extents(dims.size() - 1, 1);
  extents.front() = dims[1];
  return {std::move(extents), std::move(repeated)};
}

std::vector<OnnxTensor> layer_normalisation(const OnnxCall& call) {
  const OnnxTensor& x = float_input(call, 0);
  const std::size_t first = call.node.axis(call.node.integer("axis", -1), x.dims.size());
  const std::vector<bool> axes = axes_from(first, x.dims.size());
  const Statistic mean = mean_of(x, axes);
  const Statistic factor = inverse_deviation(variance_of(x, axes, mean), epsilon_of(call));
  const OnnxTensor none = no_bias();
  const OnnxTensor& bias = call.has(2) ? float_input(call, 2) : none;
  return {scaled(call, standardised(x, mean, factor), float_input(call, 1), bias), as_tensor(mean),
          as_tensor(factor)};
}

/// As layer normalisation, but for the mean, which is not subtracted.
OnnxTensor rms_normalisation(const OnnxCall& call) {
  const OnnxTensor& x = float_input(call, 0);
  const std::size_t first = call.node.axis(call.node.integer("axis", -1), x.dims.size());
  const std::vector<bool> axes = axes_from(first, x.dims.size());
  const OnnxDims dims = with_ones(x.dims, axes);
  const Statistic zero{dims, std::vector<double>(static_cast<std::size_t>(count_elements(dims)))};
  const Statistic factor = inverse_deviation(variance_of(x, axes, zero), epsilon_of(call));
  return scaled(call, standardised(x, zero, factor), float_input(call, 1), no_bias());
}

/// Groups of channels, each with all that lies behind them.
OnnxTensor group_normalised(const OnnxCall& call, std::int64_t groups) {
  OnnxTensor x = float_input(call, 0);
  const OnnxDims dims = x.dims;
  if (dims.size() < 2) call.node.refuse("its input has no channels");
  if (groups < 1 || dims[1] % groups != 0) {
    call.node.refuse("cannot divide " + std::to_string(dims[1]) + " channels among " +
                     std::to_string(groups) + " groups");
  }
  const std::int64_t rows = dims[0] * groups;
  const std::int64_t count = count_elements(dims);
  x.dims = {rows, rows == 0 ? 0 : count / rows};
  const std::vector<bool> axes{false, true};
  const Statistic mean = mean_of(x, axes);
  const Statistic factor = inverse_deviation(variance_of(x, axes, mean), epsilon_of(call));
  OnnxTensor result = standardised(std::move(x), mean, factor);
  result.dims = dims;
  return scaled(call, std::move(result), per_channel(call, 1, dims, groups),
                per_channel(call, 2, dims, groups));
}

OnnxTensor instance_normalisation(const OnnxCall& call) {
  const OnnxDims& dims = call.input(0).dims;
  return group_normalised(call, dims.size() < 2 ? 1 : dims[1]);
}

OnnxTensor group_normalisation(const OnnxCall& call) {
  return group_normalised(call, call.node.integer("num_groups", 0));
}

/// What training keeps: of the old number so much, of the new one the rest.
OnnxTensor blended(const OnnxCall& call, const OnnxTensor& old_one, const Statistic& new_one) {
  const float kept = call.node.number("momentum", 0.9F);
  std::vector<float> values = old_one.floats();
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = values[i] * kept + static_cast<float>(new_one.values[i]) * (1 - kept);
  }
  return {{static_cast<std::int64_t>(values.size())}, std::move(values)};
}

std::vector<OnnxTensor> batch_normalisation(const OnnxCall& call) {
  const OnnxTensor& x = float_input(call, 0);
  const OnnxDims shape = x.dims.size() < 2 ? OnnxDims{1, 1} : x.dims;
  const OnnxTensor mean_given = per_channel(call, 3, shape, shape[1]);
  const OnnxTensor variance_given = per_channel(call, 4, shape, shape[1]);
  const auto statistic = [](const OnnxTensor& tensor) {
    return Statistic{tensor.dims, {tensor.floats().begin(), tensor.floats().end()}};
  };
  Statistic mean = statistic(mean_given);
  Statistic variance = statistic(variance_given);
  std::vector<OnnxTensor> results(1);
  if (call.node.flag("training_mode")) {
    std::vector<bool> axes(x.dims.size(), true);
    if (axes.size() > 1) axes[1] = false;
    mean = mean_of(x, axes);
    variance = variance_of(x, axes, mean);
    results.push_back(blended(call, mean_given, mean));
    results.push_back(blended(call, variance_given, variance));
  }
  results.front() =
      scaled(call, standardised(x, mean, inverse_deviation(variance, epsilon_of(call))),
             per_channel(call, 1, shape, shape[1]), per_channel(call, 2, shape, shape[1]));
  return results;
}

OnnxTensor mean_variance_normalisation(const OnnxCall& call) {
  const OnnxTensor& x = float_input(call, 0);
  std::vector<bool> axes(x.dims.size());
  for (const std::int64_t axis : call.node.integers("axes", {0, 2, 3})) {
    axes[call.node.axis(axis, axes.size())] = true;
  }
  const Statistic mean = mean_of(x, axes);
  Statistic factor = variance_of(x, axes, mean);
  for (double& number : factor.values) number = 1 / (std::sqrt(number) + 1e-9);
  return standardised(x, mean, factor);
}

OnnxTensor lp_normalisation(const OnnxCall& call) {
  const Lines lines = lines_along_axis(call, -1);
  const std::int64_t p = call.node.integer("p", 2);
  if (p != 1 && p != 2) call.node.refuse("its attribute 'p' must be 1 or 2");
  std::vector<float> values = call.floats(0);
  for_each_line(lines, [&](std::size_t first) {
    double sum = 0;
    for (std::size_t i = 0; i < lines.length; ++i) {
      const double x = values[first + i * lines.step];
      sum += p == 1 ? std::abs(x) : x * x;
    }
    const double norm = p == 1 ? sum : std::sqrt(sum);
    for (std::size_t i = 0; i < lines.length && norm > 0; ++i) {
      float& value = values[first + i * lines.step];
      value = static_cast<float>(static_cast<double>(value) / norm);
    }
  });
  return {call.input(0).dims, std::move(values)};
}

/// Divides by what the squares of `size` neighbouring channels sum up to.
OnnxTensor local_response_normalisation(const OnnxCall& call) {
  const OnnxTensor& x = call.input(0);
  if (x.dims.size() < 2) call.node.refuse("its input has no channels");
  const Lines lines = lines_along(x.dims, 1, 2);
  const std::int64_t size = call.node.integer("size", 0);
  if (size < 1) call.node.refuse("its attribute 'size' must be positive");
  const double alpha = call.node.number("alpha", 1e-4F);
  const double beta = call.node.number("beta", 0.75F);
  const double bias = call.node.number("bias", 1);
  const auto before = static_cast<std::size_t>((size - 1) / 2);
  const auto behind = static_cast<std::size_t>(size) - before;  // itself among them
  std::vector<float> values = call.floats(0);
  for_each_line(lines, [&](std::size_t first) {
    for (std::size_t i = 0; i < lines.length; ++i) {
      double sum = 0;
      for (std::size_t j = i - std::min(i, before); j < std::min(lines.length, i + behind); ++j) {
        const double neighbour = x.floats()[first + j * lines.step];
        sum += neighbour * neighbour;
      }
      float& value = values[first + i * lines.step];
      value *= static_cast<float>(std::pow(bias + alpha / static_cast<double>(size) * sum, -beta));
    }
  });
  return {x.dims, std::move(values)};
}

}  // namespace

std::vector<OnnxComputation> normalising_operators() {
  return {{"BatchNormalization", batch_normalisation},
          {"GroupNormalization", one<group_normalisation>},
          {"InstanceNormalization", one<instance_normalisation>},
          {"LayerNormalization", layer_normalisation},
          {"LpNormalization", one<lp_normalisation>},
          {"LRN", one<local_response_normalisation>},
          {"MeanVarianceNormalization", one<mean_variance_normalisation>},
          {"RMSNormalization", one<rms_normalisation>}};
}

}  // namespace vpinfer
