// Nodes whose inputs are all constants: computed once, at import.

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>

#include "import/onnx_builder.hpp"
#include "import/onnx_dims.hpp"

namespace vpinfer {
namespace {

/// What a folding works on.
struct Fold {
  const OnnxNodeReader& node;
  const std::vector<const OnnxTensor*>& inputs;

  [[nodiscard]] const OnnxTensor& input(std::size_t index) const {
    if (index >= inputs.size() || inputs[index] == nullptr) {
      node.refuse("its input number " + std::to_string(index + 1) + " is missing");
    }
    return *inputs[index];
  }
  [[nodiscard]] bool has(std::size_t index) const {
    return index < inputs.size() && inputs[index] != nullptr;
  }
  [[nodiscard]] const std::vector<std::int64_t>& integers(std::size_t index) const {
    if (input(index).is_float()) {
      node.refuse("its input number " + std::to_string(index + 1) + " must hold integers");
    }
    return input(index).integers();
  }
  /// Axes that are an attribute or, in newer operator sets, an input.
  [[nodiscard]] std::vector<std::int64_t> axes(std::size_t index) const {
    return has(index) ? integers(index) : node.integers("axes", {});
  }
};

void check_size(const Fold& fold, const OnnxDims& dims) {
  std::int64_t count = 1;
  for (const std::int64_t extent : dims) {
    if (extent < 0 || (extent > 0 && count > (std::int64_t{1} << 31U) / extent)) {
      fold.node.refuse("its result of " + to_string(dims) + " is too large");
    }
    count *= extent;
  }
}

/// A tensor whose element at each index of `dims` is that of `source` at place(index), flattened.
OnnxTensor gather_elements(const Fold& fold, const OnnxTensor& source, const OnnxDims& dims,
                           const std::function<std::int64_t(const OnnxDims&)>& place) {
  check_size(fold, dims);
  return std::visit(
      [&](const auto& values) {
        auto result = values;
        result.clear();
        OnnxDims index(dims.size(), 0);
        for (std::int64_t left = count_elements(dims); left > 0; --left) {
          result.push_back(values[static_cast<std::size_t>(place(index))]);
          for (std::size_t axis = dims.size(); axis-- > 0;) {
            if (++index[axis] < dims[axis]) break;
            index[axis] = 0;
          }
        }
        return OnnxTensor{dims, std::move(result)};
      },
      source.values);
}

/// How far apart neighbours along each axis lie.
OnnxDims strides_of(const OnnxDims& dims) {
  OnnxDims strides(dims.size(), 1);
  for (std::size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
  return strides;
}

std::int64_t dot(const OnnxDims& index, const OnnxDims& strides) {
  return std::inner_product(index.begin(), index.end(), strides.begin(), std::int64_t{0});
}

OnnxTensor identity(const Fold& fold) {
  return fold.input(0);
}

OnnxTensor reshape(const Fold& fold) {
  return {reshape_dims(fold.node, fold.input(0).dims, fold.integers(1)), fold.input(0).values};
}

OnnxTensor flatten(const Fold& fold) {
  return {flatten_dims(fold.node, fold.input(0).dims), fold.input(0).values};
}

OnnxTensor squeeze(const Fold& fold) {
  return {squeeze_dims(fold.node, fold.input(0).dims, fold.axes(1)), fold.input(0).values};
}

OnnxTensor unsqueeze(const Fold& fold) {
  return {unsqueeze_dims(fold.node, fold.input(0).dims, fold.axes(1)), fold.input(0).values};
}

OnnxTensor transpose(const Fold& fold) {
  const OnnxDims& from = fold.input(0).dims;
  const OnnxDims strides = strides_of(from);
  OnnxDims dims;
  OnnxDims permuted;
  for (const std::size_t axis : read_permutation(fold.node, from.size())) {
    dims.push_back(from[axis]);
    permuted.push_back(strides[axis]);
  }
  return gather_elements(fold, fold.input(0), dims,
                         [&](const OnnxDims& index) { return dot(index, permuted); });
}

OnnxTensor gather(const Fold& fold) {
  const OnnxTensor& data = fold.input(0);
  const std::vector<std::int64_t>& indices = fold.integers(1);
  const std::size_t axis = fold.node.axis(fold.node.integer("axis", 0), data.dims.size());
  const OnnxDims& of_indices = fold.input(1).dims;
  for (const std::int64_t index : indices)
    (void)fold.node.axis(index, static_cast<std::size_t>(data.dims[axis]));
  OnnxDims dims(data.dims.begin(), data.dims.begin() + static_cast<std::ptrdiff_t>(axis));
  dims.insert(dims.end(), of_indices.begin(), of_indices.end());
  dims.insert(dims.end(), data.dims.begin() + static_cast<std::ptrdiff_t>(axis) + 1,
              data.dims.end());
  const OnnxDims strides = strides_of(data.dims);
  const OnnxDims index_strides = strides_of(of_indices);
  return gather_elements(fold, data, dims, [&](const OnnxDims& index) {
    std::int64_t place = 0;
    for (std::size_t i = 0; i < axis; ++i) place += index[i] * strides[i];
    std::int64_t which = 0;
    for (std::size_t i = 0; i < of_indices.size(); ++i) which += index[axis + i] * index_strides[i];
    const std::int64_t chosen = indices[static_cast<std::size_t>(which)];
    place += (chosen < 0 ? chosen + data.dims[axis] : chosen) * strides[axis];
    for (std::size_t i = axis + 1; i < data.dims.size(); ++i) {
      place += index[i + of_indices.size() - 1] * strides[i];
    }
    return place;
  });
}

OnnxTensor slice(const Fold& fold) {
  const auto read = [&](std::size_t input, const std::string& name) {
    if (fold.node.opset() < 10) return fold.node.integers(name, {});
    return fold.has(input) ? fold.integers(input) : OnnxDims{};
  };
  const OnnxTensor& data = fold.input(0);
  const std::vector<Cut> cuts =
      slice_cuts(fold.node, data.dims,
                 {read(1, "starts"), read(2, "ends"), read(3, "axes"), read(4, "steps")});
  const OnnxDims strides = strides_of(data.dims);
  OnnxDims dims;
  for (const Cut& cut : cuts) dims.push_back(cut.size);
  return gather_elements(fold, data, dims, [&](const OnnxDims& index) {
    std::int64_t place = 0;
    for (std::size_t i = 0; i < cuts.size(); ++i) {
      place += cuts[i].source(static_cast<int>(index[i])) * strides[i];
    }
    return place;
  });
}

OnnxTensor concat(const Fold& fold) {
  const OnnxTensor& first = fold.input(0);
  const std::size_t axis = fold.node.axis(fold.node.integer("axis", 0), first.dims.size());
  OnnxTensor result = first;
  for (std::size_t i = 1; i < fold.inputs.size(); ++i) {
    const OnnxTensor& next = fold.input(i);
    OnnxDims expected = next.dims;
    if (expected.size() == result.dims.size()) expected[axis] = result.dims[axis];
    if (expected != result.dims || next.is_float() != result.is_float()) {
      fold.node.refuse("cannot join " + to_string(result.dims) + " and " + to_string(next.dims));
    }
    const OnnxDims head(result.dims.begin(),
                        result.dims.begin() + static_cast<std::ptrdiff_t>(axis));
    const auto outer = static_cast<std::size_t>(count_elements(head));
    const auto join = [&](const auto& a, const auto& b) {
      auto values = a;
      values.clear();
      for (std::size_t o = 0; o < outer; ++o) {
        const auto part = [&](const auto& from) {
          const std::size_t length = from.size() / outer;
          const auto begin = from.begin() + static_cast<std::ptrdiff_t>(o * length);
          values.insert(values.end(), begin, begin + static_cast<std::ptrdiff_t>(length));
        };
        part(a);
        part(b);
      }
      return values;
    };
    if (result.is_float()) {
      result.values = join(result.floats(), next.floats());
    } else {
      result.values = join(result.integers(), next.integers());
    }
    result.dims[axis] += next.dims[axis];
  }
  return result;
}

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
    {"Identity", identity},
    {"Dropout", identity},
    {"Cast", cast},
    {"Shape", shape_of},
    {"Reshape", reshape},
    {"Flatten", flatten},
    {"Squeeze", squeeze},
    {"Unsqueeze", unsqueeze},
    {"Transpose", transpose},
    {"Gather", gather},
    {"Slice", slice},
    {"Concat", concat},
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
