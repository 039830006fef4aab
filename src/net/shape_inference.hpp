#pragma once

#include <string>
#include <vector>

#include "net/layer.hpp"

namespace vpinfer {

/// Throws BadInput, beginning with `where`, if a shape is empty or too large for any small machine.
void check_extent(const Shape& shape, const std::string& where);

/// The output shape of an operation on inputs of these shapes.  Throws BadInput, beginning with
/// `where`, if it does not fit them.
[[nodiscard]] Shape infer_shape(const Operation& operation, const std::vector<Shape>& inputs,
                                const std::string& where);

}  // namespace vpinfer
