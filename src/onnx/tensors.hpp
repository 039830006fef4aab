#pragma once

#include <onnx/onnx_pb.h>

#include "onnx/external_data.hpp"
#include "tensor/node.hpp"

namespace vpinfer {

/// A tensor, wherever its numbers are stored.  Throws Malformed if they do not suit its extents.
[[nodiscard]] OnnxTensor read_tensor(const onnx::TensorProto& tensor, OnnxExternalData& external);

}  // namespace vpinfer
