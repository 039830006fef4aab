// Operators that make tensors from attributes and extents.

#include <cmath>
#include <cstddef>
#include <utility>

#include "tensor/picking.hpp"

namespace vpinfer {
namespace {

OnnxTensor shape_of(const OnnxCall& call) {
  OnnxDims dims = shape_dims(call.node, call.input(0).dims);
  return {{static_cast<std::int64_t>(dims.size())}, std::move(dims)};
}

OnnxTensor constant_of_shape(const OnnxCall& call) {
  const OnnxDims& dims = call.integers(0);
  check_size(call, dims);
  const auto count = static_cast<std::size_t>(count_elements(dims));
  const auto value = call.node.node().attributes.find("value");
  if (value == call.node.node().attributes.end()) return {dims, std::vector<float>(count, 0)};
  const auto* tensor = std::get_if<OnnxTensor>(&value->second);
  if (tensor == nullptr || count_elements(tensor->dims) != 1) {
    call.node.refuse("its attribute 'value' must be a tensor with one element");
  }
  if (tensor->is_float()) return {dims, std::vector<float>(count, tensor->floats().front())};
  return {dims, std::vector<std::int64_t>(count, tensor->integers().front())};
}

OnnxTensor constant(const OnnxCall& call) {
  const auto& attributes = call.node.node().attributes;
  for (const auto& [name, value] : attributes) {
    if (name == "value") {
      if (const auto* tensor = std::get_if<OnnxTensor>(&value)) return *tensor;
    } else if (name == "value_float") {
      return {{}, std::vector<float>{call.node.number(name, 0)}};
    } else if (name == "value_int") {
      return {{}, std::vector<std::int64_t>{call.node.integer(name, 0)}};
    } else if (name == "value_floats") {
      const std::vector<float> values = call.node.numbers(name, {});
      return {{static_cast<std::int64_t>(values.size())}, values};
    } else if (name == "value_ints") {
      const std::vector<std::int64_t> values = call.node.integers(name, {});
      return {{static_cast<std::int64_t>(values.size())}, values};
    }
  }
  call.node.unsupported("a constant other than numbers");
}

OnnxTensor size_of(const OnnxCall& call) {
  return {{}, std::vector<std::int64_t>{count_elements(call.input(0).dims)}};
}

/// The numbers from `start` on, `delta` apart, that come before `limit`.
template <typename Number>
OnnxTensor numbers_of_range(const OnnxCall& call) {
  const auto read = [&](std::size_t input) {
    const auto* values = std::get_if<std::vector<Number>>(&call.input(input).values);
    if (values == nullptr || values->size() != 1) {
      call.node.refuse("its start, limit and delta must be numbers of one type");
    }
    return values->front();
  };
  const Number start = read(0);
  const Number delta = read(2);
  const double steps = std::ceil((static_cast<double>(read(1)) - static_cast<double>(start)) /
                                 static_cast<double>(delta));
  if (!(std::abs(steps) <= 1e9)) call.node.refuse("its result is too large");
  check_size(call, {static_cast<std::int64_t>(std::max(steps, 0.0))});
  std::vector<Number> values;
  Number next = start;
  for (double left = steps; left > 0; --left, next += delta) values.push_back(next);
  return {{static_cast<std::int64_t>(values.size())}, std::move(values)};
}

OnnxTensor range(const OnnxCall& call) {
  if (call.input(0).is_float()) return numbers_of_range<float>(call);
  return numbers_of_range<std::int64_t>(call);
}

/// Zeros of the kind that the attribute `dtype` says, or else of that of the input.
OnnxTensor zeros_like(const OnnxCall& call) {
  const OnnxTensor& like = call.input(0);
  const auto count = static_cast<std::size_t>(count_elements(like.dims));
  const bool floats = call.node.has_attribute("dtype")
                          ? read_number_kind(call.node, "dtype") == OnnxNumberKind::kFloat
                          : like.is_float();
  if (floats) return {like.dims, std::vector<float>(count)};
  return {like.dims, std::vector<std::int64_t>(count)};
}

OnnxTensor eye_like(const OnnxCall& call) {
  OnnxTensor result = zeros_like(call);
  if (result.dims.size() != 2) call.node.refuse("its input must be a matrix");
  const std::int64_t shift = call.node.integer("k", 0);
  std::visit(
      [&](auto& values) {
        for (std::int64_t row = 0; row < result.dims[0]; ++row) {
          const std::int64_t col = row + shift;
          if (col < 0 || col >= result.dims[1]) continue;
          values[static_cast<std::size_t>(row * result.dims[1] + col)] = 1;
        }
      },
      result.values);
  return result;
}

/// A whole number that is stored as any.
std::int64_t whole(const OnnxCall& call, std::size_t input) {
  if (count_elements(call.input(input).dims) != 1) call.node.refuse("needs one number");
  return std::visit([](const auto& values) { return static_cast<std::int64_t>(values.front()); },
                    call.input(input).values);
}

OnnxTensor one_hot(const OnnxCall& call) {
  const OnnxTensor& indices = call.input(0);
  const OnnxTensor& values = call.input(2);
  const std::int64_t depth = whole(call, 1);
  if (count_elements(values.dims) != 2) call.node.refuse("its values must be two");
  OnnxDims dims = indices.dims;
  const std::size_t axis = call.node.axis(call.node.integer("axis", -1), dims.size() + 1);
  dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis), depth);
  check_size(call, dims);
  const std::int64_t inner = count_from(dims, axis + 1);
  OnnxPlaces marked;
  std::visit(
      [&](const auto& numbers) {
        std::int64_t at = -1;
        for (const auto number : numbers) {
          ++at;
          auto index = static_cast<std::int64_t>(number);
          if (index < 0) index += depth;
          if (index < 0 || index >= depth) continue;
          marked.push_back((at / inner * depth + index) * inner + at % inner);
        }
      },
      indices.values);
  OnnxTensor result = pick(call, values, {spaced(count_elements(dims), 0)});
  std::visit(
      [&]<typename Number>(const std::vector<Number>& off_and_on) {
        auto& marks = std::get<std::vector<Number>>(result.values);
        for (const std::int64_t place : marked) {
          marks[static_cast<std::size_t>(place)] = off_and_on.back();
        }
      },
      values.values);
  return reshaped(std::move(result), std::move(dims));
}

}  // namespace

std::vector<OnnxComputation> making_operators() {
  return {{"Constant", one<constant>},        {"ConstantOfShape", one<constant_of_shape>, 1U << 0U},
          {"Shape", one<shape_of>},           {"Size", one<size_of>},
          {"Range", one<range>, kEveryInput}, {"EyeLike", one<eye_like>},
          {"OneHot", one<one_hot>, 1U << 1U}};
}

}  // namespace vpinfer
