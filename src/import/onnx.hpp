#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "import/onnx_graph.hpp"
#include "net/network.hpp"

namespace vpinfer {

/// Rows and columns of a network's input.
struct InputSize {
  int rows = 0;
  int cols = 0;
};

struct OnnxImportOptions {
  std::vector<std::string> outputs;  ///< values to take instead of the graph's outputs
  std::optional<InputSize> size;     ///< where the graph leaves it open
};

/// One of a graph's outputs.
struct OnnxResult {
  std::string name;
  int position = 0;  ///< of its layer
  TensorForm form;
};

/// A network that was an ONNX graph.
struct OnnxModel {
  Network network;
  std::vector<OnnxResult> results;          ///< in the order of the network's outputs
  std::map<std::string, OnnxDims> extents;  ///< of all values that are computed from the picture
  std::map<int, LayerWeights> weights;      ///< by position
  std::vector<std::string> warnings;
};

/// An operator that `translate_onnx` makes layers of.
struct OnnxOperatorHelp {
  std::string_view name;
  std::string_view help;  ///< what of it is supported
};

[[nodiscard]] std::vector<OnnxOperatorHelp> onnx_operators();
/// The others that it understands, in alphabetical order.
[[nodiscard]] std::vector<std::string_view> onnx_island_operators();

/// Whether a file is an ONNX one by its name.
[[nodiscard]] bool is_onnx(const std::filesystem::path& path);

/// Reads an .onnx file.  Throws BadInput, one line, if it is damaged, and BadUsage if this vpinfer
/// was built without ONNX or a library is missing.
[[nodiscard]] OnnxGraph read_onnx(const std::filesystem::path& path);

/// Turns a graph into a network: constants are computed, batch normalisation, padding and
/// activations become part of the layer before or after.  Only what the outputs need is looked at.
/// Throws BadInput, beginning with `where`, naming node and operator of what is wrong or not
/// supported; of the latter also the tensors that the rest can be imported up to.
[[nodiscard]] OnnxModel translate_onnx(const OnnxGraph& graph, const OnnxImportOptions& options,
                                       const std::string& where);

/// What is known of a value: no extents if nothing is.
struct OnnxTensorListing {
  std::string name;
  std::optional<OnnxDims> dims;
};

/// What is in a file, be it supported or not.
struct OnnxListing {
  struct Node {
    std::string name;
    std::string op;
    std::vector<OnnxTensorListing> outputs;
    std::string problem;  ///< why it cannot be imported; empty if it can, or if that is not known
  };
  std::vector<OnnxTensorListing> inputs;
  std::vector<OnnxTensorListing> outputs;
  std::vector<Node> nodes;
  std::vector<std::string> cuts;  ///< where all can be imported up to, if not to the end
};

/// Lists a graph's values with extents as far as they can be found.
[[nodiscard]] OnnxListing list_onnx(const OnnxGraph& graph, const std::string& where);

/// The names of operator sets that `translate_onnx` knows, such as `7 to 24`.
[[nodiscard]] std::string onnx_operator_sets();

}  // namespace vpinfer
