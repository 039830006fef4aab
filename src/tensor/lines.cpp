#include "tensor/lines.hpp"

namespace vpinfer {

Lines lines_along(const OnnxDims& dims, std::size_t begin, std::size_t end) {
  Lines lines;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    (i < begin ? lines.outer
     : i < end ? lines.length
               : lines.step) *= static_cast<std::size_t>(dims[i]);
  }
  return lines;
}

Lines lines_along_axis(const OnnxCall& call, std::int64_t fallback) {
  const OnnxDims& dims = call.input(0).dims;
  const std::size_t axis = call.node.axis(call.node.integer("axis", fallback), dims.size());
  return lines_along(dims, axis, axis + 1);
}

}  // namespace vpinfer
