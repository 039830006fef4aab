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
