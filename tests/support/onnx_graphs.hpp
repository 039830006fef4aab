#pragma once

#include <functional>
#include <string>
#include <vector>

#include "import/onnx.hpp"
#include "support/nd_array.hpp"

namespace vpinfer {

/// A tensor of floats, and one of integers.
[[nodiscard]] OnnxTensor floats(std::vector<std::int64_t> dims, std::vector<float> values);
[[nodiscard]] OnnxTensor integers(std::vector<std::int64_t> values);
/// Seeded numbers from -1 to 1.
[[nodiscard]] OnnxTensor random_floats(std::vector<std::int64_t> dims, std::uint32_t seed);

/// An ONNX graph that grows node by node, with one input `x`.
class GraphMaker {
 public:
  explicit GraphMaker(std::vector<std::int64_t> input, std::int64_t opset = 13);

  /// A constant by its name.
  GraphMaker& constant(const std::string& name, OnnxTensor tensor);
  /// A node whose one output has its name, and one with several.
  GraphMaker& node(const std::string& op, std::vector<std::string> inputs,
                   const std::string& output, std::map<std::string, OnnxAttribute> attributes = {});
  GraphMaker& node_of(const std::string& op, std::vector<std::string> inputs,
                      std::vector<std::string> outputs,
                      std::map<std::string, OnnxAttribute> attributes = {});
  GraphMaker& output(const std::string& name);

  [[nodiscard]] OnnxGraph& graph() { return graph_; }
  [[nodiscard]] const OnnxGraph& graph() const { return graph_; }
  [[nodiscard]] OnnxModel translate(const OnnxImportOptions& options = {}) const;
  /// The message of the BadInput that the graph is refused with; a test failure if it is not.
  [[nodiscard]] std::string refusal(const OnnxImportOptions& options = {}) const;

 private:
  OnnxGraph graph_;
};

/// The network's first output for a seeded input, in ONNX's order, [channels][rows][cols] or, of
/// three axes, as they are; `input`
/// becomes that input in the same order.
[[nodiscard]] std::vector<float> run_translated(const OnnxModel& model, std::uint32_t seed,
                                                std::vector<float>& input);

/// The same for all outputs, in the network's order.
[[nodiscard]] std::vector<std::vector<float>> run_all_outputs(const OnnxModel& model,
                                                              std::uint32_t seed,
                                                              std::vector<float>& input);

/// Expects that the graph, translated and run on a seeded input, gives what `definition` makes of
/// that input.  Returns the translation.
OnnxModel expect_translation(const GraphMaker& maker,
                             const std::function<NdArray(const NdArray&)>& definition);
/// The same for each of several outputs.
OnnxModel expect_translations(
    const GraphMaker& maker, const std::function<std::vector<NdArray>(const NdArray&)>& definition);

/// The operations of a network's layers by name, without the input.
[[nodiscard]] std::vector<std::string> operations(const OnnxModel& model);

}  // namespace vpinfer
