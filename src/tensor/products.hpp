#pragma once

#include "tensor/call.hpp"

namespace vpinfer {

/// The products of matrices, both of floats or both of integers, as numpy's: a vector is a row on
/// the left, a column on the right; the axes before the last two are broadcast.  Refuses what does
/// not fit.
[[nodiscard]] OnnxTensor multiply(const OnnxCall& call, const OnnxTensor& a, const OnnxTensor& b);

}  // namespace vpinfer
