// Nodes whose inputs are all constants: computed once, at import.

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "import/onnx_builder.hpp"
#include "import/onnx_fold.hpp"

namespace vpinfer {
namespace {

OnnxTensor cast(const Fold& fold) {
  const OnnxTensor& from = fold.input(0);
  const OnnxNumberKind kind = read_cast(fold.node);
  if (kind == OnnxNumberKind::kFloat) {
    if (from.is_float()) return from;
    return {from.dims, std::vector<float>(from.integers().begin(), from.integers().end())};
  }
  std::vector<std::int64_t> values;
  std::visit(
      [&](const auto& numbers) {
        for (const auto number : numbers) {
          const bool fits = std::abs(static_cast<double>(number)) < 9e18;
          if (kind == OnnxNumberKind::kInteger && !fits) {
            fold.node.refuse("a number does not fit an integer");
          }
          values.push_back(kind == OnnxNumberKind::kBool ? number != 0
                                                         : static_cast<std::int64_t>(number));
        }
      },
      from.values);
  return {from.dims, std::move(values)};
}

/// Broadcasts two tensors and combines their elements.
template <typename Function>
OnnxTensor combine(const Fold& fold, const Function& function) {
  const OnnxTensor& a = fold.input(0);
  const OnnxTensor& b = fold.input(1);
  if (a.is_float() != b.is_float()) fold.node.refuse("its inputs have different types");
  const std::size_t rank = std::max(a.dims.size(), b.dims.size());
  const auto aligned = [&](const OnnxDims& dims) {
    OnnxDims result(rank - dims.size(), 1);
    result.insert(result.end(), dims.begin(), dims.end());
    return result;
  };
  const OnnxDims of_a = aligned(a.dims);
  const OnnxDims of_b = aligned(b.dims);
  OnnxDims dims;
  for (std::size_t i = 0; i < rank; ++i) {
    if (of_a[i] != of_b[i] && of_a[i] != 1 && of_b[i] != 1) {
      fold.node.refuse("cannot combine " + to_string(a.dims) + " and " + to_string(b.dims));
    }
    dims.push_back(of_a[i] == 1 ? of_b[i] : of_a[i]);
  }
  const auto spread = [&](const OnnxTensor& tensor, const OnnxDims& from) {
    const OnnxDims strides = strides_of(from);
    return gather_elements(fold, tensor, dims, [&](const OnnxDims& index) {
      std::int64_t place = 0;
      for (std::size_t i = 0; i < rank; ++i) place += from[i] == 1 ? 0 : index[i] * strides[i];
      return place;
    });
  };
  OnnxTensor result = spread(a, of_a);
  const OnnxTensor other = spread(b, of_b);
  if (result.is_float()) {
    std::vector<float> values = result.floats();
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = function(values[i], other.floats()[i]);
    result.values = std::move(values);
  } else {
    std::vector<std::int64_t> values = result.integers();
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = function(values[i], other.integers()[i]);
    }
    result.values = std::move(values);
  }
  return result;
}

// Sums and products of integers wrap around, as two's complement does.
template <typename Number, typename Operation>
Number wrapped(Number a, Number b, Operation operation) {
  if constexpr (std::is_integral_v<Number>) {
    return static_cast<Number>(
        operation(static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(b)));
  } else {
    return operation(a, b);
  }
}

OnnxTensor add(const Fold& fold) {
  return combine(fold, [](auto a, auto b) { return wrapped(a, b, std::plus<>()); });
}
OnnxTensor subtract(const Fold& fold) {
  return combine(fold, [](auto a, auto b) { return wrapped(a, b, std::minus<>()); });
}
OnnxTensor multiply(const Fold& fold) {
  return combine(fold, [](auto a, auto b) { return wrapped(a, b, std::multiplies<>()); });
}
OnnxTensor divide(const Fold& fold) {
  const auto quotient = [&](auto a, auto b) {
    if constexpr (std::is_integral_v<decltype(a)>) {
      if (b == 0) fold.node.refuse("divides by zero");
      return b == -1 ? wrapped(decltype(a){0}, a, std::minus<>()) : a / b;
    } else {
      return a / b;
    }
  };
  return combine(fold, quotient);
}

template <float (*kFunction)(float)>
OnnxTensor each_float(const Fold& fold) {
  if (!fold.input(0).is_float()) fold.node.refuse("its input must hold floats");
  std::vector<float> values = fold.input(0).floats();
  std::transform(values.begin(), values.end(), values.begin(), kFunction);
  return {fold.input(0).dims, std::move(values)};
}
float floor_of(float x) {
  return std::floor(x);
}
float ceil_of(float x) {
  return std::ceil(x);
}
float root_of(float x) {
  return std::sqrt(x);
}
float negated(float x) {
  return -x;
}

OnnxTensor shape_of(const Fold& fold) {
  OnnxDims dims = shape_dims(fold.node, fold.input(0).dims);
  return {{static_cast<std::int64_t>(dims.size())}, std::move(dims)};
}

OnnxTensor constant_of_shape(const Fold& fold) {
  const OnnxDims& dims = fold.integers(0);
  check_size(fold, dims);
  const auto count = static_cast<std::size_t>(count_elements(dims));
  const auto value = fold.node.node().attributes.find("value");
  if (value == fold.node.node().attributes.end()) return {dims, std::vector<float>(count, 0)};
  const auto* tensor = std::get_if<OnnxTensor>(&value->second);
  if (tensor == nullptr || count_elements(tensor->dims) != 1) {
    fold.node.refuse("its attribute 'value' must be a tensor with one element");
  }
  if (tensor->is_float()) return {dims, std::vector<float>(count, tensor->floats().front())};
  return {dims, std::vector<std::int64_t>(count, tensor->integers().front())};
}

OnnxTensor constant(const Fold& fold) {
  const auto& attributes = fold.node.node().attributes;
  for (const auto& [name, value] : attributes) {
    if (name == "value") {
      if (const auto* tensor = std::get_if<OnnxTensor>(&value)) return *tensor;
    } else if (name == "value_float") {
      return {{}, std::vector<float>{fold.node.number(name, 0)}};
    } else if (name == "value_int") {
      return {{}, std::vector<std::int64_t>{fold.node.integer(name, 0)}};
    } else if (name == "value_floats") {
      const std::vector<float> values = fold.node.numbers(name, {});
      return {{static_cast<std::int64_t>(values.size())}, values};
    } else if (name == "value_ints") {
      const std::vector<std::int64_t> values = fold.node.integers(name, {});
      return {{static_cast<std::int64_t>(values.size())}, values};
    }
  }
  fold.node.unsupported("a constant other than numbers");
}

struct Folding {
  std::string_view op;
  OnnxTensor (*compute)(const Fold&);
};

constexpr std::array<Folding, 22> kFoldings{{
    {"Constant", constant},
    {"ConstantOfShape", constant_of_shape},
    {"Identity", moving::identity},
    {"Dropout", moving::identity},
    {"Cast", cast},
    {"Shape", shape_of},
    {"Reshape", moving::reshape},
    {"Flatten", moving::flatten},
    {"Squeeze", moving::squeeze},
    {"Unsqueeze", moving::unsqueeze},
    {"Transpose", moving::transpose},
    {"Gather", moving::gather},
    {"Slice", moving::slice},
    {"Concat", moving::concat},
    {"Add", add},
    {"Sub", subtract},
    {"Mul", multiply},
    {"Div", divide},
    {"Floor", each_float<floor_of>},
    {"Ceil", each_float<ceil_of>},
    {"Sqrt", each_float<root_of>},
    {"Neg", each_float<negated>},
}};

}  // namespace

std::optional<OnnxTensor> fold_constants(const OnnxNodeReader& node,
                                         const std::vector<const OnnxTensor*>& inputs) {
  const auto found = std::find_if(kFoldings.begin(), kFoldings.end(),
                                  [&](const Folding& f) { return f.op == node.node().op; });
  if (found == kFoldings.end()) return std::nullopt;
  return found->compute({node, inputs});
}

std::vector<std::string_view> folded_operators() {
  std::vector<std::string_view> names;
  for (const Folding& folding : kFoldings) names.push_back(folding.op);
  return names;
}

}  // namespace vpinfer
