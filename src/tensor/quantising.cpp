// Operators on numbers that stand for others by a scale and a zero point.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "tensor/convolution.hpp"
#include "tensor/picking.hpp"
#include "tensor/products.hpp"

namespace vpinfer {
namespace {

/// The whole numbers that a type has.
struct IntegerRange {
  float low = 0;
  float high = 255;
};

/// That of a zero point; without a known type that of uint8, as ONNX has it where there is none.
IntegerRange range_of(OnnxIntegerType type) {
  switch (type) {
    case OnnxIntegerType::kInt8: return {-128, 127};
    case OnnxIntegerType::kInt16: return {-32768, 32767};
    case OnnxIntegerType::kUint16: return {0, 65535};
    case OnnxIntegerType::kUint8:
    case OnnxIntegerType::kAny: break;
  }
  return {};
}

/// The nearest whole number, halves to the even one, within a range.
std::int64_t quantised(float value, std::int64_t zero, const IntegerRange& range) {
  const float rounded = std::nearbyint(value) + static_cast<float>(zero);
  return static_cast<std::int64_t>(std::clamp(rounded, range.low, range.high));
}

/// Parameters repeated for every element of a tensor: one for all, one for each place of an axis,
/// or one for each block along it.
OnnxTensor spread_parameter(const OnnxCall& call, const OnnxTensor& parameter,
                            const OnnxDims& dims) {
  std::vector<OnnxPlaces> places = places_of(dims);
  const std::int64_t wanted = call.node.integer("block_size", 0);
  if (count_elements(parameter.dims) == 1) {
    for (OnnxPlaces& along : places) std::fill(along.begin(), along.end(), 0);
    return pick(call, parameter, std::move(places));
  }
  const std::size_t axis = call.node.axis(call.node.integer("axis", 1), dims.size());
  const std::int64_t block = std::min(wanted, std::max<std::int64_t>(1, dims[axis]));
  OnnxDims expected = dims;
  if (block > 0) {
    expected[axis] = (dims[axis] + block - 1) / block;
    places = places_of(expected);
    const OnnxPlaces blocks = std::exchange(places[axis], {});
    for (std::int64_t i = 0; i < dims[axis]; ++i) {
      places[axis].push_back(blocks[static_cast<std::size_t>(i / block)]);
    }
  } else {
    expected = {dims[axis]};
    for (OnnxPlaces& along : places) std::fill(along.begin(), along.end(), 0);
    places[axis] = spaced(dims[axis], 1);
  }
  if (parameter.dims != expected) {
    call.node.refuse("a scale or zero point of " + to_string(parameter.dims) + " does not fit " +
                     to_string(dims));
  }
  return pick(call, parameter, std::move(places));
}

/// The zero points for every element of a tensor: 0 where there are none.
std::vector<std::int64_t> zero_points(const OnnxCall& call, std::size_t input,
                                      const OnnxDims& dims) {
  if (!call.has(input)) {
    return std::vector<std::int64_t>(static_cast<std::size_t>(count_elements(dims)));
  }
  (void)call.integers(input);
  return spread_parameter(call, call.input(input), dims).integers();
}

OnnxTensor quantise(const OnnxCall& call) {
  const std::vector<float>& values = call.floats(0);
  const OnnxDims& dims = call.input(0).dims;
  (void)call.floats(1);
  const OnnxTensor scales = spread_parameter(call, call.input(1), dims);
  const std::vector<std::int64_t> zeros = zero_points(call, 2, dims);
  const OnnxIntegerType type =
      call.has(2) ? call.input(2).type : read_integer_type(call.node.integer("output_dtype", 0));
  std::vector<std::int64_t> results(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    results[i] = quantised(values[i] / scales.floats()[i], zeros[i], range_of(type));
  }
  return {dims, std::move(results), type};
}

OnnxTensor dequantise(const OnnxCall& call) {
  const std::vector<std::int64_t>& values = call.integers(0);
  const OnnxDims& dims = call.input(0).dims;
  (void)call.floats(1);
  const OnnxTensor scales = spread_parameter(call, call.input(1), dims);
  const std::vector<std::int64_t> zeros = zero_points(call, 2, dims);
  std::vector<float> results(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    results[i] = static_cast<float>(values[i] - zeros[i]) * scales.floats()[i];
  }
  return {dims, std::move(results)};
}

/// To uint8, with a scale and a zero point by which all numbers and 0 fit.
std::vector<OnnxTensor> quantise_dynamically(const OnnxCall& call) {
  const std::vector<float>& values = call.floats(0);
  float low = 0;
  float high = 0;
  for (const float value : values) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  const float scale = high > low ? (high - low) / 255 : 1;
  const std::int64_t zero = quantised(-low / scale, 0, {});
  std::vector<std::int64_t> results(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    results[i] = quantised(values[i] / scale, zero, {});
  }
  constexpr OnnxIntegerType kType = OnnxIntegerType::kUint8;
  return {{call.input(0).dims, std::move(results), kType},
          {{}, std::vector<float>{scale}},
          {{}, std::vector<std::int64_t>{zero}, kType}};
}

/// An input of whole numbers less its zero point, of which there may be one for each place of an
/// axis.
OnnxTensor centred(const OnnxCall& call, std::size_t input, std::size_t zero, std::size_t axis) {
  OnnxTensor result{call.input(input).dims, call.integers(input)};
  if (!call.has(zero)) return result;
  const std::vector<std::int64_t>& zeros = call.integers(zero);
  const auto count = static_cast<std::int64_t>(zeros.size());
  const bool is_one = count == 1;
  if (!is_one && (axis >= result.dims.size() || result.dims[axis] != count)) {
    call.node.refuse("its zero points do not fit " + to_string(result.dims));
  }
  const std::int64_t inner = is_one ? 1 : count_from(result.dims, axis + 1);
  auto& values = std::get<std::vector<std::int64_t>>(result.values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] -= zeros[static_cast<std::size_t>(static_cast<std::int64_t>(i) / inner % count)];
  }
  return result;
}

/// The last axis but `from_end`.
std::size_t axis_from_end(const OnnxTensor& tensor, std::size_t from_end) {
  return tensor.dims.size() > from_end ? tensor.dims.size() - 1 - from_end : 0;
}

/// Rows of the left matrices and columns of the right ones have zero points.
OnnxTensor multiply_integers(const OnnxCall& call) {
  return multiply(call, centred(call, 0, 2, axis_from_end(call.input(0), 1)),
                  centred(call, 1, 3, axis_from_end(call.input(1), 0)));
}

/// Sums of products of inputs less their zero points.
OnnxTensor convolve_centred(const OnnxCall& call, const OnnxTensor& data,
                            const OnnxTensor& weights) {
  const ConvolutionForm form = read_convolution(call, data.dims, weights.dims);
  OnnxDims dims = convolved_dims(call, form);
  return {std::move(dims), convolve(form, data.integers(), weights.integers())};
}

OnnxTensor convolve_integers(const OnnxCall& call) {
  return convolve_centred(call, centred(call, 0, 2, 0), centred(call, 1, 3, 0));
}

/// The one number of an input.
float scale_of(const OnnxCall& call, std::size_t input) {
  if (call.floats(input).size() != 1) {
    call.node.unsupported("an input number " + std::to_string(input + 1) + " of several scales");
  }
  return call.floats(input).front();
}

/// Sums as quantised numbers, by the scale of each place along an axis.
OnnxTensor requantised(const OnnxCall& call, const OnnxTensor& sums,
                       const std::vector<float>& scales, std::size_t axis, std::size_t zero) {
  const IntegerRange range = range_of(call.input(zero).type);
  const auto count = static_cast<std::int64_t>(scales.size());
  if (count != 1 && (axis >= sums.dims.size() || sums.dims[axis] != count)) {
    call.node.refuse("its scales do not fit " + to_string(sums.dims));
  }
  const std::int64_t inner = count_from(sums.dims, axis + 1);
  std::vector<std::int64_t> results;
  for (const std::int64_t sum : sums.integers()) {
    const auto at = static_cast<std::int64_t>(results.size()) / inner % count;
    const float scale = scales[static_cast<std::size_t>(at)];
    results.push_back(quantised(static_cast<float>(sum) * scale, call.integer(zero), range));
  }
  return {sums.dims, std::move(results), call.input(zero).type};
}

/// scale(a) * scale(b) / scale(result) for each scale of b.
std::vector<float> scale_ratios(const OnnxCall& call, std::size_t a, std::size_t b,
                                std::size_t result) {
  std::vector<float> ratios = call.floats(b);
  if (ratios.empty()) call.node.refuse("its scales are missing");
  for (float& ratio : ratios) ratio = scale_of(call, a) * ratio / scale_of(call, result);
  return ratios;
}

OnnxTensor convolve_quantised(const OnnxCall& call) {
  OnnxTensor sums = convolve_centred(call, centred(call, 0, 2, 1), centred(call, 3, 5, 0));
  if (call.has(8)) {
    const std::vector<std::int64_t>& bias = call.integers(8);
    if (static_cast<std::int64_t>(bias.size()) != sums.dims[1]) {
      call.node.refuse("needs a bias for each of " + std::to_string(sums.dims[1]) + " filters");
    }
    const auto places = static_cast<std::size_t>(count_from(sums.dims, 2));
    auto& values = std::get<std::vector<std::int64_t>>(sums.values);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] += bias[i / places % bias.size()];
  }
  return requantised(call, sums, scale_ratios(call, 1, 4, 6), 1, 7);
}

OnnxTensor multiply_quantised(const OnnxCall& call) {
  const OnnxTensor sums = multiply(call, centred(call, 0, 2, axis_from_end(call.input(0), 1)),
                                   centred(call, 3, 5, axis_from_end(call.input(3), 0)));
  return requantised(call, sums, scale_ratios(call, 1, 4, 6), axis_from_end(sums, 0), 7);
}

}  // namespace

std::vector<OnnxComputation> quantising_operators() {
  return {{"QuantizeLinear", one<quantise>},
          {"DequantizeLinear", one<dequantise>},
          {"DynamicQuantizeLinear", quantise_dynamically},
          {"MatMulInteger", one<multiply_integers>},
          {"ConvInteger", one<convolve_integers>},
          {"QLinearMatMul", one<multiply_quantised>},
          {"QLinearConv", one<convolve_quantised>}};
}

}  // namespace vpinfer
