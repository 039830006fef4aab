#include "import/onnx_fold.hpp"

#include <cstddef>
#include <numeric>
#include <variant>

namespace vpinfer {
namespace {

std::int64_t dot(const OnnxDims& index, const OnnxDims& strides) {
  return std::inner_product(index.begin(), index.end(), strides.begin(), std::int64_t{0});
}

}  // namespace

void check_size(const Fold& fold, const OnnxDims& dims) {
  std::int64_t count = 1;
  for (const std::int64_t extent : dims) {
    if (extent < 0 || (extent > 0 && count > (std::int64_t{1} << 31U) / extent)) {
      fold.node.refuse("its result of " + to_string(dims) + " is too large");
    }
    count *= extent;
  }
}

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

OnnxDims strides_of(const OnnxDims& dims) {
  OnnxDims strides(dims.size(), 1);
  for (std::size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
  return strides;
}

namespace moving {

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

}  // namespace moving

}  // namespace vpinfer
