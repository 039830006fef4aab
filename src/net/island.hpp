#pragma once

#include <optional>
#include <vector>

#include "net/tensor_form.hpp"
#include "tensor/node.hpp"

namespace vpinfer {

/// What an island's operator reads: an input of the layer, or a constant, or, where it leaves an
/// optional input out, neither.
struct IslandArgument {
  std::optional<int> input{};  ///< which of the layer's inputs
  TensorForm form{};           ///< of that
  std::optional<OnnxTensor> constant{};
  bool operator==(const IslandArgument&) const = default;
};

/// An operator on tensors of any number of axes, as ONNX defines it (`evaluate`), for the parts of
/// a network that no layer on pictures expresses.  Whoever computes some of its output computes all
/// of it, from all of its inputs.
struct Island {
  OnnxNode node;
  std::int64_t opset = 0;  ///< whose definition of the operator holds
  std::vector<IslandArgument> arguments;
  int result = 0;   ///< which of the node's outputs the layer gives
  TensorForm form;  ///< of that
  bool operator==(const Island&) const = default;
};

/// About how many operations computing an island takes.
[[nodiscard]] double island_flop(const Island& island);

}  // namespace vpinfer
