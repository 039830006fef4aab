#include "tensor/broadcast.hpp"

namespace vpinfer {

OnnxDims broadcast_dims(const OnnxCall& call, const OnnxDims& a, const OnnxDims& b) {
  const OnnxDims& longer = a.size() < b.size() ? b : a;
  const OnnxDims& shorter = a.size() < b.size() ? a : b;
  OnnxDims dims = longer;
  const std::size_t missing = longer.size() - shorter.size();
  for (std::size_t i = 0; i < shorter.size(); ++i) {
    std::int64_t& extent = dims[missing + i];
    if (extent != shorter[i] && extent != 1 && shorter[i] != 1) {
      call.node.refuse("cannot combine " + to_string(a) + " and " + to_string(b));
    }
    if (extent == 1) extent = shorter[i];
  }
  check_size(call, dims);
  return dims;
}

OnnxTensor broadcast(const OnnxCall& call, const OnnxTensor& tensor, const OnnxDims& dims) {
  if (tensor.dims == dims) return tensor;
  if (broadcast_dims(call, tensor.dims, dims) != dims) {
    call.node.refuse("cannot broadcast " + to_string(tensor.dims) + " to " + to_string(dims));
  }
  return std::visit(
      [&](const auto& values) {
        std::decay_t<decltype(values)> result;
        result.reserve(static_cast<std::size_t>(count_elements(dims)));
        for_each_run<1>(dims, {tensor.dims}, [&](const Run<1>& run) {
          const auto from = values.begin() + static_cast<std::ptrdiff_t>(run.from[0]);
          if (run.moves[0]) {
            result.insert(result.end(), from, from + static_cast<std::ptrdiff_t>(run.count));
          } else {
            result.insert(result.end(), run.count, *from);
          }
        });
        return OnnxTensor{dims, std::move(result)};
      },
      tensor.values);
}

OnnxDims with_ones(const OnnxDims& dims, const std::vector<bool>& shrunk) {
  OnnxDims result = dims;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (shrunk[i]) result[i] = 1;
  }
  return result;
}

OnnxDims without(const OnnxDims& dims, const std::vector<bool>& shrunk) {
  OnnxDims result;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (!shrunk[i]) result.push_back(dims[i]);
  }
  return result;
}

}  // namespace vpinfer
