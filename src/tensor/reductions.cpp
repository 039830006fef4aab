// Operators that make one element of those along some axes.

#include <functional>

#include "tensor/broadcast.hpp"
#include "tensor/numbers.hpp"

namespace vpinfer {
namespace {

struct SumOf {
  template <typename A>
  static A start() {
    return A{0};
  }
  template <typename A>
  static A add(A sum, A x) {
    return wrapped(sum, x, std::plus<>());
  }
  template <typename A>
  static A finish(A sum, A /*count*/) {
    return sum;
  }
};
struct MeanOf : SumOf {
  template <typename A>
  static A finish(A sum, A count) {
    return std::is_integral_v<A> && count == A{0} ? A{0} : sum / count;
  }
};
struct LogarithmOfSum : SumOf {
  template <typename A>
  static A finish(A sum, A /*count*/) {
    return converted<A>(std::log(static_cast<double>(sum)));
  }
};
struct SumOfSizes : SumOf {
  template <typename A>
  static A add(A sum, A x) {
    return SumOf::add(sum, x < 0 ? wrapped(A{0}, x, std::minus<>()) : x);
  }
};
struct SumOfSquares : SumOf {
  template <typename A>
  static A add(A sum, A x) {
    return SumOf::add(sum, wrapped(x, x, std::multiplies<>()));
  }
};
struct Length : SumOfSquares {
  template <typename A>
  static A finish(A sum, A /*count*/) {
    return converted<A>(std::sqrt(static_cast<double>(sum)));
  }
};
struct ProductOf : SumOf {
  template <typename A>
  static A start() {
    return A{1};
  }
  template <typename A>
  static A add(A product, A x) {
    return wrapped(product, x, std::multiplies<>());
  }
};
struct Largest : SumOf {
  template <typename A>
  static A start() {
    return lowest<A>();
  }
  template <typename A>
  static A add(A most, A x) {
    return larger(most, x);
  }
};
struct Smallest : SumOf {
  template <typename A>
  static A start() {
    return highest<A>();
  }
  template <typename A>
  static A add(A least, A x) {
    return smaller(least, x);
  }
};

/// Which axes are reduced: those that are named, or all.
std::vector<bool> reduced_axes(const OnnxCall& call) {
  const std::size_t rank = call.input(0).dims.size();
  const std::vector<std::int64_t> named = call.axes(1);
  std::vector<bool> reduced(rank, named.empty() && !call.node.flag("noop_with_empty_axes"));
  for (const std::int64_t axis : named) reduced[call.node.axis(axis, rank)] = true;
  return reduced;
}

template <typename Reduction, typename Number>
std::vector<Number> reduced_values(const std::vector<Number>& values, const OnnxDims& dims,
                                   const OnnxDims& kept) {
  using Sum = Accumulator<Number>;
  const auto count = static_cast<std::size_t>(count_elements(kept));
  std::vector<Sum> sums(count, Reduction::template start<Sum>());
  for_each_run<1>(dims, {kept}, [&](const Run<1>& run) {
    for (std::size_t i = 0; i < run.count; ++i) {
      Sum& sum = sums[run.place(0, i)];
      sum = Reduction::add(sum, static_cast<Sum>(values[run.begin + i]));
    }
  });
  std::vector<Number> result;
  result.reserve(count);
  for (const Sum sum : sums) {
    const std::size_t added = values.size() / count;
    result.push_back(static_cast<Number>(Reduction::finish(sum, static_cast<Sum>(added))));
  }
  return result;
}

OnnxDims reduced_dims(const OnnxCall& call, const std::vector<bool>& reduced) {
  const OnnxDims& dims = call.input(0).dims;
  return call.node.flag("keepdims", true) ? with_ones(dims, reduced) : without(dims, reduced);
}

template <typename Reduction>
OnnxTensor reduce(const OnnxCall& call) {
  const OnnxTensor& tensor = call.input(0);
  if (call.axes(1).empty() && call.node.flag("noop_with_empty_axes")) return tensor;
  const std::vector<bool> reduced = reduced_axes(call);
  return std::visit(
      [&](const auto& values) {
        return OnnxTensor{
            reduced_dims(call, reduced),
            reduced_values<Reduction>(values, tensor.dims, with_ones(tensor.dims, reduced))};
      },
      tensor.values);
}

/// The largest element is taken out, so that no exponential is too large.
OnnxTensor reduce_log_sum_exp(const OnnxCall& call) {
  const OnnxDims& dims = call.input(0).dims;
  const std::vector<bool> reduced = reduced_axes(call);
  const OnnxDims kept = with_ones(dims, reduced);
  std::vector<float> most = reduced_values<Largest>(call.floats(0), dims, kept);
  for (float& number : most) {
    if (std::isinf(number)) number = 0;
  }
  const auto raise = [](float x, float shift) { return std::exp(x - shift); };
  const std::vector<float> powers = combine_values(dims, dims, call.floats(0), kept, most, raise);
  std::vector<float> result = reduced_values<LogarithmOfSum>(powers, dims, kept);
  for (std::size_t i = 0; i < result.size(); ++i) result[i] += most[i];
  return {reduced_dims(call, reduced), std::move(result)};
}

}  // namespace

std::vector<OnnxComputation> reducing_operators() {
  constexpr unsigned kAxes = 1U << 1U;
  return {{"ReduceL1", one<reduce<SumOfSizes>>, kAxes},
          {"ReduceL2", one<reduce<Length>>, kAxes},
          {"ReduceLogSum", one<reduce<LogarithmOfSum>>, kAxes},
          {"ReduceLogSumExp", one<reduce_log_sum_exp>, kAxes},
          {"ReduceMax", one<reduce<Largest>>, kAxes},
          {"ReduceMean", one<reduce<MeanOf>>, kAxes},
          {"ReduceMin", one<reduce<Smallest>>, kAxes},
          {"ReduceProd", one<reduce<ProductOf>>, kAxes},
          {"ReduceSum", one<reduce<SumOf>>, kAxes},
          {"ReduceSumSquare", one<reduce<SumOfSquares>>, kAxes}};
}

}  // namespace vpinfer
