// Operators that move elements and change none.

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <variant>

#include "tensor/call.hpp"

namespace vpinfer {
namespace {

std::int64_t dot(const OnnxDims& index, const OnnxDims& strides) {
  return std::inner_product(index.begin(), index.end(), strides.begin(), std::int64_t{0});
}

/// How many numbers a node may make: 64 MiB of floats, or a few times what it reads.
constexpr std::int64_t kMostMade = std::int64_t{1} << 24U;
constexpr std::int64_t kMostGrowth = 2;

}  // namespace

void check_size(const OnnxCall& call, const OnnxDims& dims) {
  std::int64_t read = 0;
  for (const OnnxTensor* input : call.inputs) {
    if (input != nullptr) read += count_elements(input->dims);
  }
  const std::int64_t most = std::max(kMostMade, kMostGrowth * read);
  const bool possible =
      std::all_of(dims.begin(), dims.end(), [](std::int64_t extent) { return extent >= 0; });
  if (!possible || count_elements(dims) > most) {
    call.node.refuse("its result of " + to_string(dims) + " is too large");
  }
}

OnnxTensor gather_elements(const OnnxCall& call, const OnnxTensor& source, const OnnxDims& dims,
                           const std::function<std::int64_t(const OnnxDims&)>& place) {
  check_size(call, dims);
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

namespace {

OnnxTensor identity(const OnnxCall& call) {
  return call.input(0);
}

OnnxTensor reshape(const OnnxCall& call) {
  return {reshape_dims(call.node, call.input(0).dims, call.integers(1)), call.input(0).values};
}

OnnxTensor flatten(const OnnxCall& call) {
  return {flatten_dims(call.node, call.input(0).dims), call.input(0).values};
}

OnnxTensor squeeze(const OnnxCall& call) {
  return {squeeze_dims(call.node, call.input(0).dims, call.axes(1)), call.input(0).values};
}

OnnxTensor unsqueeze(const OnnxCall& call) {
  return {unsqueeze_dims(call.node, call.input(0).dims, call.axes(1)), call.input(0).values};
}

OnnxTensor transpose(const OnnxCall& call) {
  const OnnxDims& from = call.input(0).dims;
  const OnnxDims strides = strides_of(from);
  OnnxDims dims;
  OnnxDims permuted;
  for (const std::size_t axis : read_permutation(call.node, from.size())) {
    dims.push_back(from[axis]);
    permuted.push_back(strides[axis]);
  }
  return gather_elements(call, call.input(0), dims,
                         [&](const OnnxDims& index) { return dot(index, permuted); });
}

OnnxTensor gather(const OnnxCall& call) {
  const OnnxTensor& data = call.input(0);
  const std::vector<std::int64_t>& indices = call.integers(1);
  const std::size_t axis = call.node.axis(call.node.integer("axis", 0), data.dims.size());
  const OnnxDims& of_indices = call.input(1).dims;
  for (const std::int64_t index : indices)
    (void)call.node.axis(index, static_cast<std::size_t>(data.dims[axis]));
  OnnxDims dims(data.dims.begin(), data.dims.begin() + static_cast<std::ptrdiff_t>(axis));
  dims.insert(dims.end(), of_indices.begin(), of_indices.end());
  dims.insert(dims.end(), data.dims.begin() + static_cast<std::ptrdiff_t>(axis) + 1,
              data.dims.end());
  const OnnxDims strides = strides_of(data.dims);
  const OnnxDims index_strides = strides_of(of_indices);
  return gather_elements(call, data, dims, [&](const OnnxDims& index) {
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

OnnxTensor slice(const OnnxCall& call) {
  const auto read = [&](std::size_t input, const std::string& name) {
    if (call.node.opset() < 10) return call.node.integers(name, {});
    return call.has(input) ? call.integers(input) : OnnxDims{};
  };
  const OnnxTensor& data = call.input(0);
  const std::vector<Cut> cuts =
      slice_cuts(call.node, data.dims,
                 {read(1, "starts"), read(2, "ends"), read(3, "axes"), read(4, "steps")});
  const OnnxDims strides = strides_of(data.dims);
  OnnxDims dims;
  for (const Cut& cut : cuts) dims.push_back(cut.size);
  return gather_elements(call, data, dims, [&](const OnnxDims& index) {
    std::int64_t place = 0;
    for (std::size_t i = 0; i < cuts.size(); ++i) {
      place += cuts[i].source(static_cast<int>(index[i])) * strides[i];
    }
    return place;
  });
}

OnnxTensor concat(const OnnxCall& call) {
  const OnnxTensor& first = call.input(0);
  const std::size_t axis = call.node.axis(call.node.integer("axis", 0), first.dims.size());
  OnnxTensor result = first;
  for (std::size_t i = 1; i < call.inputs.size(); ++i) {
    const OnnxTensor& next = call.input(i);
    OnnxDims expected = next.dims;
    if (expected.size() == result.dims.size()) expected[axis] = result.dims[axis];
    if (expected != result.dims || next.is_float() != result.is_float()) {
      call.node.refuse("cannot join " + to_string(result.dims) + " and " + to_string(next.dims));
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

}  // namespace

std::vector<OnnxComputation> moving_operators() {
  return {{"Identity", one<identity>},
          {"Dropout", one<identity>},
          {"Reshape", one<reshape>, 1U << 1U},
          {"Flatten", one<flatten>},
          {"Squeeze", one<squeeze>, 1U << 1U},
          {"Unsqueeze", one<unsqueeze>, 1U << 1U},
          {"Transpose", one<transpose>},
          {"Gather", one<gather>},
          {"Slice", one<slice>, 1U << 1U | 1U << 2U | 1U << 3U | 1U << 4U},
          {"Concat", one<concat>}};
}

}  // namespace vpinfer
